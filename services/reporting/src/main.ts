import { runService } from '@peyk/service-kit'

import { settings } from './config.ts'
import { start } from './start.ts'

runService({ name: 'reporting', adminPort: 9467, settings, start })
