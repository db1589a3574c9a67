{{- /* What stands around a process. All take (dict "root" $ "name" <service> "service" <merged values>). */ -}}

{{- define "streetwise.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "streetwise.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "streetwise.labels" . | nindent 4 }}
automountServiceAccountToken: false
{{- end }}

{{- define "streetwise.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "streetwise.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "streetwise.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{- include "streetwise.selector" . | nindent 4 }}
  ports:
    - { name: http, port: {{ .root.Values.ports.http }}, targetPort: http, protocol: TCP, appProtocol: http }
    - { name: grpc, port: {{ .root.Values.ports.grpc }}, targetPort: grpc, protocol: TCP, appProtocol: kubernetes.io/h2c }
{{- end }}

{{- define "streetwise.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "streetwise.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "streetwise.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  # A replica that is not ready serves nobody, so it may not keep a node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "streetwise.selector" . | nindent 6 }}
{{- end }}

{{- define "streetwise.hpa" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "streetwise.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "streetwise.labels" . | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ include "streetwise.name" . }} }
  minReplicas: {{ .service.scaling.min }}
  maxReplicas: {{ .service.scaling.max }}
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: {{ .service.scaling.cpuPercent }} } }
  behavior: {{- include "streetwise.scalingBehavior" . | nindent 4 }}
{{- end }}

{{- define "streetwise.scaledObject" -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "streetwise.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "streetwise.labels" . | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ include "streetwise.name" . }} }
  minReplicaCount: {{ .service.scaling.min }}
  maxReplicaCount: {{ .service.scaling.max }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior: {{- include "streetwise.scalingBehavior" . | nindent 8 }}
  triggers:
    - type: cpu
      metricType: Utilization
      metadata: { value: {{ .service.scaling.cpuPercent | quote }} }
    {{- range $upstream := .service.hears }}
    {{- range $lane := list "urgent" "normal" "bulk" }}
    - type: nats-jetstream
      metadata:
        natsServerMonitoringEndpoint: {{ $.root.Values.nats.monitoringEndpoint | quote }}
        account: {{ $.root.Values.nats.account | quote }}
        stream: {{ $upstream }}
        consumer: {{ $.name }}-{{ $upstream }}-{{ $lane }}
        lagThreshold: {{ $.service.scaling.lagMessages | quote }}
    {{- end }}
    {{- end }}
{{- end }}

{{- /* Up at once, down slowly: a replica that goes hands its shards and its share of a consumer to the others. */ -}}
{{- define "streetwise.scalingBehavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies: [{ type: Pods, value: 2, periodSeconds: 30 }]
scaleDown:
  stabilizationWindowSeconds: 600
  policies: [{ type: Pods, value: 1, periodSeconds: 120 }]
{{- end }}
