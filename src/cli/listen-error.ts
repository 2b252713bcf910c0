import { SettingError } from '../errors.ts'

/** A setting that decides where to listen, as `PORT (--port)`, and its value. */
type Place = { name: string; value: string }

/**
 * What an error says about where a program wanted to listen: a port that is taken, a port or a host that cannot be had. Any other error is
 * given back as it is; a database or an org whose host is not known looks alike, so the host has to be ours.
 */
export const listenError = (error: unknown, host: Place, port: Place): unknown => {
  if (!(error instanceof Error)) return error
  const {
    code,
    syscall,
    hostname,
    port: actual,
  } = error as NodeJS.ErrnoException & { hostname?: string; port?: number }
  const fault = ({ name, value }: Place, words: string): SettingError =>
    new SettingError(`${name}: ${value} ${words}`, { cause: error })
  if (syscall === 'listen') {
    const wanted = { ...port, value: String(actual ?? port.value) }
    if (code === 'EADDRINUSE') return fault(wanted, 'is taken by another program')
    if (code === 'EACCES') return fault(wanted, 'may not be used by this user; ports below 1024 are often reserved')
    if (code === 'EADDRNOTAVAIL') return fault(host, 'is not an address of this machine')
  }
  if (syscall === 'getaddrinfo' && hostname === host.value) return fault(host, 'is not a host that can be found')
  return error
}
