{{/* Connections to Postgres: a process keeps a pool of 6, its relay's 2 and 1 that asks whether the database is there.
     While a Deployment rolls there is one pod more. A set of values that needs more than the server has is refused
     here, not at night by the database. */}}
{{- define "streetwise.budget" -}}
{{- $perProcess := 9 }}
{{- $processes := 0 }}
{{- range $name, $own := .Values.services }}
{{- $processes = add $processes (get $own "replicas" | default $.Values.defaults.replicas) 1 }}
{{- end }}
{{- $needed := mul $processes $perProcess }}
{{- $free := sub .Values.postgres.connectionsMax .Values.postgres.connectionsReserved }}
{{- if gt (int64 $needed) (int64 $free) }}
{{- fail (printf "connection budget: %d processes (one more a service while it rolls) need %d connections, Postgres has %d for them: fewer replicas, or raise max_connections and postgres.connectionsMax" (int $processes) (int $needed) (int $free)) }}
{{- end }}
{{- end }}
