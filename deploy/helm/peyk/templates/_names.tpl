{{- /* Only Go's own template functions are used in this chart, so that a test renders it without helm. */ -}}

{{- define "peyk.labels" -}}
app.kubernetes.io/name: peyk, app.kubernetes.io/instance: {{ printf "%q" .Release.Name }}
{{- end -}}

{{- /* Where a service answers HTTP; the sender does not. */ -}}
{{- define "peyk.httpPort" -}}
{{ if eq . "gateway" }}3000{{ else if eq . "campaign" }}3001{{ else if eq . "reporting" }}3003{{ end }}
{{- end -}}

{{- define "peyk.adminPort" -}}
{{ if eq . "gateway" }}9464{{ else if eq . "campaign" }}9465{{ else if eq . "sender" }}9466{{ else }}9467{{ end }}
{{- end -}}
