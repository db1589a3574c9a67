{{/* Labels that never change: selectors are made of them. Takes the service's word. */}}
{{- define "streetwise.selector" -}}
app.kubernetes.io/name: {{ . }}
app.kubernetes.io/part-of: streetwise
{{- end }}

{{/* All labels. Takes (dict "name" WORD "root" $). */}}
{{- define "streetwise.labels" -}}
{{ include "streetwise.selector" .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* An image is named by its digest, so what runs is what was signed. Takes (dict "name" WORD "digest" D "root" $). */}}
{{- define "streetwise.image" -}}
{{ .root.Values.images.registry }}/{{ .name }}@{{ .digest }}
{{- end }}

{{/* The restricted profile, of a pod. No token: nothing here speaks to the cluster. No service links: their
     variables begin with our own prefix's words and would only confuse. */}}
{{- define "streetwise.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The same, of a container. */}}
{{- define "streetwise.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: { drop: [ALL] }
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* Egress rules by the names of network.peers. A name without addresses opens nothing.
     Takes (dict "names" LIST "root" $). */}}
{{- define "streetwise.egress" -}}
{{- $peers := .root.Values.network.peers }}
{{- range .names }}
{{- $peer := get $peers . | required (printf "network.peers has no %s" .) }}
{{- if $peer.to }}
- to: {{ toYaml $peer.to | nindent 4 }}
  ports: {{ toYaml $peer.ports | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}
