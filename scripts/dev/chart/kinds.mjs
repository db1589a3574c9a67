// Custom kinds against the models made from their definitions. A document of a group that nobody here knows is a fault:
// unchecked must not look like checked.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

// They are in a folder of their own, so that nothing is installed beside the sources.
const home = `${process.env.STREETWISE_CHART_MODULES}/node_modules/@kubernetes-models`
const models = {
  'monitoring.coreos.com/v1': 'prometheus-operator/monitoring.coreos.com/v1',
  'keda.sh/v1alpha1': 'keda/keda.sh/v1alpha1',
  'gateway.networking.k8s.io/v1': 'gateway-api/gateway.networking.k8s.io/v1',
  'argoproj.io/v1alpha1': 'argo-cd/argoproj.io/v1alpha1',
}

let faults = 0
let seen = 0
for (const document of JSON.parse(readFileSync(0, 'utf8'))) {
  const name = `${document.kind} ${document.metadata?.name}`
  const model = models[document.apiVersion]
  const Kind = model && (await import(pathToFileURL(`${home}/${model}/index.js`)))[document.kind]
  if (!Kind) {
    console.error(`nobody validates ${document.apiVersion} ${name}`)
    faults += 1
    continue
  }
  try {
    new Kind(document).validate()
    seen += 1
  } catch (error) {
    console.error(`${name}: ${error.message}`)
    faults += 1
  }
}
if (faults || !seen) process.exit(1)
console.log(seen)
