const only = (name, library, folders) => ({
  name,
  comment: `${library} has one owner folder`,
  severity: 'error',
  from: {
    pathNot: folders.map((folder) => `^${folder}`).concat(['\\.test\\.ts$', '\\.contract\\.ts$', '^bench/']),
  },
  to: { path: `node_modules/${library}/` },
})

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'services-do-not-import-services',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'libs-do-not-import-services',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|deploy)/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'no clock, ids or I/O in domain/: only itself, contracts and the decider type',
      severity: 'error',
      from: { path: '^services/[^/]+/src/domain/', pathNot: '\\.(test|contract)\\.ts$' },
      to: {
        pathNot: '^(services/[^/]+/src/domain/|libs/contracts/|libs/event-sourcing/src/(index|decider)\\.ts)',
      },
    },
    {
      name: 'contracts-do-no-io',
      severity: 'error',
      from: { path: '^libs/contracts/src', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    only('nats-has-one-owner', 'nats', ['libs/messaging/']),
    only('event-store-client-has-one-owner', '@eventstore/db-client', [
      'libs/event-sourcing/',
      'libs/eventstore-embedded/',
    ]),
    only('baileys-has-one-owner', '@whiskeysockets/baileys', [
      'services/sender/src/channel/baileys/',
      'libs/whatsapp-testserver/',
    ]),
    only('express-has-one-owner', 'express', ['libs/service-kit/']),
    only('ws-has-one-owner', 'ws', ['services/gateway/src/realtime/', 'libs/whatsapp-testserver/']),
    only('sqlite-has-one-owner', 'better-sqlite3', ['libs/read-model/', 'libs/eventstore-embedded/']),
    only('otel-sdk-has-one-owner', '@opentelemetry/(sdk|instrumentation|exporter|resources)[^/]*', [
      'libs/service-kit/',
    ]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
