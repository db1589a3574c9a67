{{- /* Names and labels. Every template takes (dict "root" $ "name" <service>) unless it says otherwise. */ -}}

{{- define "streetwise.name" -}}
{{ .root.Release.Name }}-{{ .name }}
{{- end }}

{{- define "streetwise.selector" -}}
app.kubernetes.io/name: streetwise
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "streetwise.labels" -}}
{{ include "streetwise.selector" . }}
app.kubernetes.io/part-of: streetwise
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- /* Takes (dict "root" $ "name" <image> "digest" <digest or nothing>). */ -}}
{{- define "streetwise.image" -}}
{{- $images := .root.Values.images -}}
{{- if .digest -}}
{{ $images.repository }}/{{ .name }}@{{ .digest }}
{{- else if $images.requireDigests -}}
{{ fail (printf "image %s has no digest: set it, or images.requireDigests=false in a cluster that builds its own" .name) }}
{{- else -}}
{{ $images.repository }}/{{ .name }}:{{ $images.tag }}
{{- end -}}
{{- end }}

{{- /* What every pod of ours is: restricted, whoever sets the namespace's level. Takes nothing. */ -}}
{{- define "streetwise.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "streetwise.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
runAsNonRoot: true
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end }}
