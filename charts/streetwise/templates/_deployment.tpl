{{- /* The process of one service. Takes (dict "root" $ "name" <service> "service" <merged values>). */ -}}
{{- define "streetwise.deployment" -}}
{{- $values := .root.Values -}}
{{- $service := .service -}}
{{- $secret := $service.secret | default (include "streetwise.name" .) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "streetwise.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "streetwise.labels" . | nindent 4 }}
  annotations:
    # Read by whoever checks a patched rendering against the database's limit.
    streetwise/connections-per-process: {{ include "streetwise.connectionsPerProcess" $service | quote }}
spec:
  {{- if eq $values.scaling.kind "none" }}
  replicas: {{ $service.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  # A replica that is ready and then fails within this time stops the rollout.
  minReadySeconds: 5
  progressDeadlineSeconds: 300
  selector:
    matchLabels: {{- include "streetwise.selector" . | nindent 6 }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {{- toYaml $service.rollout | nindent 6 }}
  template:
    metadata:
      labels: {{- include "streetwise.labels" . | nindent 8 }}
      {{- with $service.podAnnotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "streetwise.name" . }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      priorityClassName: {{ .root.Release.Name }}-{{ $service.priority }}
      terminationGracePeriodSeconds: {{ add $values.shutdown.preStopSeconds $values.shutdown.exitSeconds }}
      securityContext: {{- include "streetwise.podSecurity" . | nindent 8 }}
      {{- with $values.images.pullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- range $key, $when := dict "kubernetes.io/hostname" $values.spread.hosts "topology.kubernetes.io/zone" $values.spread.zones }}
        - maxSkew: 1
          topologyKey: {{ $key }}
          whenUnsatisfiable: {{ $when }}
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels: {{- include "streetwise.selector" $ | nindent 14 }}
        {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ include "streetwise.image" (dict "root" .root "name" .name "digest" $service.digest) }}
          imagePullPolicy: {{ $values.images.pullPolicy }}
          securityContext: {{- include "streetwise.containerSecurity" . | nindent 12 }}
          env: {{- include "streetwise.env" (dict "root" .root "service" $service "secret" $secret) | nindent 12 }}
          ports:
            - { name: http, containerPort: {{ $values.ports.http }}, protocol: TCP }
            - { name: grpc, containerPort: {{ $values.ports.grpc }}, protocol: TCP }
          startupProbe:
            httpGet: { path: /livez, port: http }
            {{- toYaml $values.probes.startup | nindent 12 }}
          livenessProbe:
            httpGet: { path: /livez, port: http }
            {{- toYaml $values.probes.liveness | nindent 12 }}
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            {{- toYaml $values.probes.readiness | nindent 12 }}
          lifecycle:
            # Slept by the kubelet: the image has no shell. What follows is the process's own: it says it is not ready and
            # goes on working for 5 s, then finishes what is under way.
            preStop: { sleep: { seconds: {{ $values.shutdown.preStopSeconds }} } }
          resources: {{- toYaml $service.resources | nindent 12 }}
          volumeMounts:
            - { name: jwks, mountPath: /etc/streetwise/identity, readOnly: true }
            {{- range $service.keys }}
            - { name: key-{{ . }}, mountPath: /etc/streetwise/keys/{{ . }}, readOnly: true }
            {{- end }}
            {{- if $values.nats.nkeys }}
            - { name: nats-key, mountPath: /etc/streetwise/nats, readOnly: true }
            {{- end }}
            {{- if $values.trust.configMap }}
            - { name: trust, mountPath: /etc/streetwise/trust, readOnly: true }
            {{- end }}
      volumes:
        # Whole folders, not single files: those would never change in a running pod.
        - name: jwks
          configMap:
            name: {{ $values.identity.jwks.configMap }}
            items: [{ key: {{ $values.identity.jwks.key }}, path: jwks.json }]
        {{- range $key := $service.keys }}
        {{- with index $values.keys $key }}
        - name: key-{{ $key }}
          secret: { secretName: {{ .secret }}, defaultMode: 0440, items: [{ key: {{ .key }}, path: key }] }
        {{- end }}
        {{- end }}
        {{- if $values.nats.nkeys }}
        - name: nats-key
          secret: { secretName: {{ $secret }}, defaultMode: 0440, items: [{ key: nats.nk, path: nats.nk }] }
        {{- end }}
        {{- with $values.trust }}
        {{- if .configMap }}
        - name: trust
          configMap: { name: {{ .configMap }}, items: [{ key: {{ .key }}, path: ca.crt }] }
        {{- end }}
        {{- end }}
{{- end }}

{{- /* All a service is told. Takes (dict "root" $ "service" <merged> "secret" <name>). */ -}}
{{- define "streetwise.env" -}}
{{- $values := .root.Values -}}
{{- $addresses := merge (dict
      "STREETWISE_DATABASE_URL" "database-url"
      "STREETWISE_RELAY_DATABASE_URL" "relay-database-url"
      "STREETWISE_NATS_URL" "nats-url") .service.secretEnv -}}
{{- range $variable, $key := $addresses }}
- name: {{ $variable }}
  valueFrom: { secretKeyRef: { name: {{ $.secret }}, key: {{ $key }} } }
{{- end }}
{{- $told := dict
      "STREETWISE_ENVIRONMENT" $values.environment
      "STREETWISE_HTTP_LISTEN" (printf "0.0.0.0:%d" ($values.ports.http | int))
      "STREETWISE_GRPC_LISTEN" (printf "0.0.0.0:%d" ($values.ports.grpc | int))
      "STREETWISE_JWKS_FILE" "/etc/streetwise/identity/jwks.json"
      "STREETWISE_JWT_ISSUER" $values.identity.issuer
      "STREETWISE_JWT_AUDIENCE" $values.identity.audience
      "STREETWISE_JOURNAL_DAYS" $values.journalDays
      "STREETWISE_LOG" $values.log -}}
{{- range .service.keys }}
{{- $told = set $told (index $values.keys .).env (printf "/etc/streetwise/keys/%s/key" .) }}
{{- end }}
{{- /* Links that are given out begin with where people come in. */ -}}
{{- if and (has "link" .service.keys) (ne $values.route.kind "none") }}
{{- $told = set $told "STREETWISE_PUBLIC_URL" (printf "https://%s" (first $values.route.hosts)) }}
{{- end }}
{{- if $values.nats.nkeys }}
{{- $told = set $told "STREETWISE_NATS_NKEY_FILE" "/etc/streetwise/nats/nats.nk" }}
{{- end }}
{{- if $values.otlpEndpoint }}
{{- $told = set $told "OTEL_EXPORTER_OTLP_ENDPOINT" $values.otlpEndpoint }}
{{- end }}
{{- if $values.trust.configMap }}
{{- $told = set $told "SSL_CERT_FILE" "/etc/streetwise/trust/ca.crt" }}
{{- end }}
{{- range $variable, $value := mergeOverwrite $told (deepCopy .service.env) }}
- { name: {{ $variable }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}
