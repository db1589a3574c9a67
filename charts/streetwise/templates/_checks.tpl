{{- /*
What no schema can say. Rendering fails here, in words, rather than in the cluster.
*/ -}}

{{- /* The most connections one process opens. Takes a service's merged values. */ -}}
{{- define "streetwise.connectionsPerProcess" -}}
{{- with .connections }}{{ add .pool .relayPool .relaySessions .pulse }}{{ end }}
{{- end }}

{{- /* The most processes of a service at one time, a rollout included. Takes (dict "root" $ "service" <merged>). */ -}}
{{- define "streetwise.processesMax" -}}
{{- $most := .service.replicas | int -}}
{{- if ne .root.Values.scaling.kind "none" }}{{ $most = .service.scaling.max | int }}{{ end -}}
{{ add $most .service.rollout.maxSurge }}
{{- end }}

{{- /* Takes the root. Everything is counted at its most: all services may roll out at once, scaled up. */ -}}
{{- define "streetwise.checkConnections" -}}
{{- $sum := .Values.database.reservedConnections | int -}}
{{- $terms := list (printf "%d reserved" $sum) -}}
{{- range $name, $own := .Values.services -}}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $own) -}}
{{- $processes := include "streetwise.processesMax" (dict "root" $ "service" $service) | int -}}
{{- $each := include "streetwise.connectionsPerProcess" $service | int -}}
{{- $sum = add $sum (mul $processes $each) -}}
{{- $terms = append $terms (printf "%s %d x %d" $name $processes $each) -}}
{{- end -}}
{{- $limit := .Values.database.maxConnections | int -}}
{{- if gt ($sum | int) $limit -}}
{{- fail (printf "%d connections could be opened (%s), database.maxConnections is %d: raise max_connections in Postgres and here, or lower replicas, scaling.max or rollout.maxSurge. A transaction-mode pooler does not help: the relay holds session locks" ($sum | int) (join ", " $terms) $limit) -}}
{{- end -}}
{{- end }}

{{- define "streetwise.checkScaling" -}}
{{- range $name, $own := .Values.services -}}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $own) -}}
{{- if gt ($service.scaling.min | int) ($service.scaling.max | int) -}}
{{- fail (printf "services.%s.scaling: min %d is more than max %d" $name ($service.scaling.min | int) ($service.scaling.max | int)) -}}
{{- end -}}
{{- if and (eq ($service.rollout.maxSurge | int) 0) (eq ($service.rollout.maxUnavailable | int) 0) -}}
{{- fail (printf "services.%s.rollout: with neither a surge nor an unavailable replica nothing can be rolled out" $name) -}}
{{- end -}}
{{- range $service.keys -}}
{{- if not (hasKey $.Values.keys .) -}}
{{- fail (printf "services.%s.keys names %s, which keys does not have" $name .) -}}
{{- end -}}
{{- end -}}
{{- if not (hasKey $.Values.priorityClasses.classes $service.priority) -}}
{{- fail (printf "services.%s.priority is %s, which priorityClasses.classes does not have" $name $service.priority) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "streetwise.checkRoute" -}}
{{- with .Values.route -}}
{{- if and (eq .kind "HTTPRoute") (empty .parentRefs) -}}
{{- fail "route.kind is HTTPRoute and route.parentRefs is empty: nobody would serve it" -}}
{{- end -}}
{{- if and (eq .kind "Ingress") (empty .tlsSecret) -}}
{{- fail "route.kind is Ingress and route.tlsSecret is empty: tokens and reports would travel in the clear" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "streetwise.checkIdentity" -}}
{{- if and (eq .Values.environment "production") (eq .Values.identity.issuer "streetwise-dev") -}}
{{- fail "identity.issuer is streetwise-dev: anybody can make its tokens, and the services refuse to start with it outside development" -}}
{{- end -}}
{{- end }}

{{- define "streetwise.checkBroker" -}}
{{- if and (eq .Values.environment "production") (not .Values.nats.nkeys) -}}
{{- fail "nats.nkeys is off: a broker that lets everybody in lets one service be all of them, and the services refuse to start without a key outside development" -}}
{{- end -}}
{{- end }}

{{- define "streetwise.checks" -}}
{{- include "streetwise.checkBroker" . -}}
{{- include "streetwise.checkIdentity" . -}}
{{- include "streetwise.checkConnections" . -}}
{{- include "streetwise.checkScaling" . -}}
{{- include "streetwise.checkRoute" . -}}
{{- end }}
