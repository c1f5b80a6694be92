// The tag of a process that has ended, as its temporary files and locks carry it.
import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'

const { pid } = spawnSync(process.execPath, ['-e', ''])

/** As `ownTag` of that process would have given it. */
export const dead = `${hostname().replace(/[^\w]/g, '_').slice(0, 40)}-${pid}-00000000`
