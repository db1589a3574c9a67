{{- /* One service's policy, both ways. Takes (dict "root" $ "name" <service> "service" <merged values>). */ -}}
{{- define "streetwise.networkPolicy" -}}
{{- $values := .root.Values -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "streetwise.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "streetwise.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "streetwise.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    # Through the gateway, and the scrape, which is on the same door.
    - from: {{- toYaml (concat $values.route.peers $values.monitoring.peers) | nindent 8 }}
      ports:
        - { port: http, protocol: TCP }
    - from: {{- toYaml $values.route.peers | nindent 8 }}
      ports:
        - { port: grpc, protocol: TCP }
    # Our own jobs: apply.
    - from:
        - podSelector:
            matchLabels: {{- include "streetwise.selector" (dict "root" .root "name" "apply") | nindent 14 }}
        {{- if and $values.retrain.enabled (has .name (list "directory" "triage")) }}
        - podSelector:
            matchLabels: {{- include "streetwise.selector" (dict "root" .root "name" "retrain") | nindent 14 }}
        {{- end }}
      ports:
        - { port: http, protocol: TCP }
  egress:
    {{- include "streetwise.egress" (dict "values" $values "to" (list "database" "nats")) | nindent 4 }}
    {{- $more := list }}
    {{- range $where, $may := .service.reaches }}
    {{- if and $may (or (ne $where "collector") $values.otlpEndpoint) }}{{ $more = append $more $where }}{{ end }}
    {{- end }}
    {{- include "streetwise.egressTo" (dict "values" $values "to" $more) | nindent 4 }}
{{- end }}

{{- /* Names and the parts named. Takes (dict "values" $.Values "to" <list of parts>). */ -}}
{{- define "streetwise.egress" -}}
- to: {{- toYaml .values.networkPolicies.dnsPeers | nindent 4 }}
  ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
{{ include "streetwise.egressTo" . }}
{{- end }}

{{- define "streetwise.egressTo" -}}
{{- $values := .values -}}
{{- range .to }}
{{- if eq . "internet" }}
- to:
    - ipBlock: { cidr: 0.0.0.0/0, except: {{ $values.networkPolicies.internetExcept | toJson }} }
    - ipBlock: { cidr: "::/0", except: {{ $values.networkPolicies.internetExceptV6 | toJson }} }
  ports: [{ port: 443, protocol: TCP }]
{{- else }}
{{- with index $values . }}
- to: {{- toYaml .peers | nindent 4 }}
  ports: [{ port: {{ .port }}, protocol: TCP }]
{{- end }}
{{- end }}
{{- end }}
{{- end }}
