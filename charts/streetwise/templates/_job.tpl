{{- /*
What runs the command line once or now and then: its account, what it may reach, its pod. Each takes
(dict "root" $ "job" $job "it" (dict "root" $ "name" $job.name) "image" $image), and "hook" for those Helm makes and deletes.
*/ -}}
{{- define "streetwise.jobAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "streetwise.name" $.it }}
  namespace: {{ $.root.Release.Namespace }}
  labels: {{- include "streetwise.labels" $.it | nindent 4 }}
  {{- with $.hook }}
  annotations: {{- . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- if $.root.Values.networkPolicies.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "streetwise.name" $.it }}
  namespace: {{ $.root.Release.Namespace }}
  labels: {{- include "streetwise.labels" $.it | nindent 4 }}
  {{- with $.hook }}
  annotations: {{- . | nindent 4 }}
  {{- end }}
spec:
  podSelector:
    matchLabels: {{- include "streetwise.selector" $.it | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- include "streetwise.egress" (dict "values" $.root.Values "to" $.job.to) | nindent 4 }}
    {{- if $.job.manifests }}
    - to:
        - podSelector:
            matchLabels: {{- include "streetwise.selector" (dict "root" $.root "name" "directory") | nindent 14 }}
      ports: [{ port: http, protocol: TCP }]
    {{- end }}
    {{- range $.job.services }}
    - to:
        - podSelector:
            matchLabels: {{- include "streetwise.selector" (dict "root" $.root "name" .) | nindent 14 }}
      ports: [{ port: http, protocol: TCP }]
    {{- end }}
{{- end }}
{{- end }}
{{- define "streetwise.jobPod" -}}
{{- $mounts := or $.job.manifests $.job.natsKey $.job.base $.root.Values.trust.configMap -}}
metadata:
  labels: {{- include "streetwise.labels" $.it | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "streetwise.name" $.it }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext: {{- include "streetwise.podSecurity" $.it | nindent 4 }}
  {{- with $.root.Values.images.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ $.job.name }}
      image: {{ $.image }}
      imagePullPolicy: {{ $.root.Values.images.pullPolicy }}
      args: {{- toYaml $.job.args | nindent 8 }}
      securityContext: {{- include "streetwise.containerSecurity" $.it | nindent 8 }}
      env:
        {{- range $variable, $from := $.job.secretEnv }}
        - name: {{ $variable }}
          valueFrom: { secretKeyRef: { name: {{ $from.name }}, key: {{ $from.key }} } }
        {{- end }}
        {{- if $.job.natsKey }}
        - { name: STREETWISE_NATS_NKEY_FILE, value: /etc/streetwise/nats/nats.nk }
        {{- end }}
        {{- if $.root.Values.trust.configMap }}
        - { name: SSL_CERT_FILE, value: /etc/streetwise/trust/ca.crt }
        {{- end }}
      resources: {{- toYaml (default $.root.Values.jobs.resources $.job.resources) | nindent 8 }}
      {{- if $mounts }}
      volumeMounts:
        {{- if $.job.manifests }}
        - { name: manifests, mountPath: /etc/streetwise/manifests, readOnly: true }
        {{- end }}
        {{- if $.job.natsKey }}
        - { name: nats-key, mountPath: /etc/streetwise/nats, readOnly: true }
        {{- end }}
        {{- if $.job.base }}
        - { name: base, mountPath: /etc/streetwise/base, readOnly: true }
        {{- end }}
        {{- if $.root.Values.trust.configMap }}
        - { name: trust, mountPath: /etc/streetwise/trust, readOnly: true }
        {{- end }}
      {{- end }}
  {{- if $mounts }}
  volumes:
    {{- if $.job.manifests }}
    - name: manifests
      configMap: { name: {{ $.root.Release.Name }}-manifests }
    {{- end }}
    {{- if $.job.natsKey }}
    - name: nats-key
      secret: { secretName: {{ $.root.Values.jobs.adminSecret }}, defaultMode: 0440, items: [{ key: nats.nk, path: nats.nk }] }
    {{- end }}
    {{- with $.job.base }}
    - name: base
      configMap: { name: {{ .configMap }}, items: [{ key: {{ .key }}, path: base.jsonl }] }
    {{- end }}
    {{- with $.root.Values.trust }}
    {{- if .configMap }}
    - name: trust
      configMap: { name: {{ .configMap }}, items: [{ key: {{ .key }}, path: ca.crt }] }
    {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
