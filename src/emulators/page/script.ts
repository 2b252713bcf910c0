/**
 * What the page does, as the browser runs it: asks `overview` every two seconds and draws what changed. Everything that comes from records
 * becomes text nodes, never markup.
 */
export const script = `
const base = location.pathname.replace(/\\/$/, '') + '/'
const at = (id) => document.getElementById(id)
let object, search = '', shown, drawn = {}, last

const make = (tag, props = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), props)
  element.append(...children.filter((child) => child !== undefined))
  return element
}
const ask = async (path, init) => {
  const response = await fetch(base + path, init)
  if (!response.ok) {
    const { error } = await response.json().catch(() => ({}))
    throw Object.assign(new Error(error ?? 'status ' + response.status), { status: response.status })
  }
  return response.status === 204 ? undefined : response.json()
}
const trouble = (error) => {
  at('trouble').hidden = !error
  at('trouble').textContent = !error ? '' : (error.status ? 'Refused: ' : 'The emulator does not answer: ') + error.message
}
const time = (ms) => new Date(ms).toISOString().slice(11, 19)
/* A link may be old or cut short: what cannot be read is as if it were not there. */
const decoded = (text) => { try { return text && decodeURIComponent(text) } catch { return undefined } }
;[object, shown] = location.hash.slice(1).split('/').map(decoded)
const link = () => history.replaceState(null, '', '#' + encodeURIComponent(object) + (shown ? '/' + encodeURIComponent(shown) : ''))
const table = (heads, rows, none = 'Nothing yet.') =>
  rows.length === 0
    ? make('p', { className: 'nothing', textContent: none })
    : make('div', { className: 'scroll' }, make('table', {},
        make('thead', {}, make('tr', {}, ...heads.map((head) => make('th', { textContent: head, className: head === 'ms' ? 'right' : '' })))),
        make('tbody', {}, ...rows)))
const cell = (text, className = '') => make('td', { textContent: text, title: String(text), className })
const keyed = (element, key) => { element.dataset.key = key; return element }
const withKey = (place, key) => [...place.querySelectorAll('[data-key]')].find(({ dataset }) => dataset.key === key)
/* Redraws a place only when what it shows has changed, and leaves everybody where they were: selection, place in a list, focus. */
const draw = (id, data, render) => {
  const text = JSON.stringify(data)
  if (drawn[id] === text) return
  drawn[id] = text
  const place = at(id)
  const scrolled = place.querySelector('.scroll')?.scrollTop
  const opened = place.querySelector('details')?.open
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined
  place.replaceChildren(...[render()].flat())
  if (scrolled && place.querySelector('.scroll')) place.querySelector('.scroll').scrollTop = scrolled
  if (opened !== undefined && place.querySelector('details')) place.querySelector('details').open = opened
  if (focused) withKey(place, focused)?.focus({ preventScroll: true })
}
const pick = (row, key, go) => {
  row.classList.add('pick')
  row.tabIndex = 0
  row.onclick = go
  row.onkeydown = (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); go() } }
  return keyed(row, key)
}

const drawOverview = (o) => {
  at('now').textContent = new Date(o.now).toISOString().slice(0, 19).replace('T', ' ') + ' UTC'
  if (!o.objects.some(({ name }) => name === object)) shown = undefined, object = o.objects.find(({ name, count }) => count > 0 && !/^(User|Organization|Profile|PermissionSet)/.test(name))?.name ?? o.objects.find(({ name }) => name === 'Contact')?.name ?? o.objects[0].name
  draw('objects', [o.objects, object], () => o.objects.map(({ name, count }) =>
    Object.assign(keyed(make('button', { className: count ? '' : 'empty', onclick: () => choose(name) }, name,
      make('span', { className: 'right quiet', textContent: count.toLocaleString('en') })), name), { ariaCurrent: String(name === object) })))
  at('total').textContent = o.requests.total.toLocaleString('en') + ' so far'
  draw('requests', o.requests.recent, () => table(['time', 'method', 'path', 'status', 'ms', ''], o.requests.recent.map((r) => make('tr', {},
    cell(time(r.at), 'quiet mono'), cell(r.method, 'mono'), cell(r.path, 'mono long'),
    cell(r.status === null ? 'waits' : r.status === 499 ? 'cut' : r.status, r.status === null ? 'wait' : r.status < 400 ? 'good' : 'bad'),
    cell(r.ms ?? '', 'right'), cell(r.note ?? '', 'quiet')))))
  at('events-title').textContent = o.eventsTitle
  draw('events', o.events, () => table(['time', 'type', 'about', ...(o.emulator === 'clerk' ? ['state', 'attempts'] : [])], o.events.map((e) => make('tr', {},
    cell(time(e.at), 'quiet mono'), cell(e.type), cell(e.about, 'mono long'),
    ...(o.emulator === 'clerk' ? [cell(e.state === 'none' ? 'no endpoint' : e.state, e.state), cell(e.attempts.map((a) => a.outcome).join(', '), 'mono')] : [])))))
  at('freeze').textContent = o.frozen ? 'Thaw (' + o.waiting + ' waiting)' : 'Freeze'
  at('freeze').className = o.frozen ? 'on' : ''
  at('faults-card').hidden = o.faults.length === 0
  draw('faults', o.faults, () => make('pre', { textContent: o.faults.map((fault) => JSON.stringify(fault)).join('\\n') }))
}
const drawRecords = (list) => {
  at('object').textContent = object
  at('searched').textContent = list.complete ? '' : list.rows.length ? 'the newest ' + list.rows.length : 'search stopped early'
  draw('records', [object, search, list], () => table(list.columns, list.rows.map(({ id, cells, deleted }) =>
    pick(make('tr', { className: deleted ? 'gone' : '' }, ...cells.map((text, i) => cell(text, i === 0 ? 'mono' : ''))), id, () => open(id))),
    search.trim() ? 'Nothing matches.' : undefined))
}
const drawRecord = (id, { fields, json }) => {
  at('record-card').hidden = false
  at('record-name').textContent = object + ' ' + id
  draw('record', [id, fields, json], () => [
    table(['field', 'value'], fields.map(({ name, value, note }) => make('tr', {},
      cell(name, value === '' ? 'quiet' : ''), make('td', { className: 'wrap mono' }, value,
        note ? make('span', { className: 'wait', textContent: (value ? '  ' : '') + note }) : undefined)))),
    json ? make('details', { open: last?.emulator === 'clerk' }, make('summary', { className: 'nothing', textContent: 'as JSON' }),
      make('pre', { textContent: JSON.stringify(json, null, 2) })) : ''])
}
/* Answers may overtake each other: what is no longer asked for is not drawn. */
const refreshRecords = async () => {
  const asked = object, wanted = search, id = shown
  const path = 'browse/' + encodeURIComponent(asked)
  const list = await ask(path + '?search=' + encodeURIComponent(wanted))
  if (asked === object && wanted === search) drawRecords(list)
  if (!id) return
  const record = await ask(path + '/' + encodeURIComponent(id)).catch((error) => {
    if (error.status !== 404) throw error
  })
  if (asked !== object || id !== shown) return
  if (record) drawRecord(id, record)
  else close()
}
const refresh = async () => {
  try {
    drawOverview((last = await ask('overview')))
    await refreshRecords()
    trouble()
  } catch (error) { trouble(error) }
}
const close = () => {
  const row = at('record-card').contains(document.activeElement) ? withKey(at('records'), shown) : undefined
  shown = undefined
  at('record-card').hidden = true
  link()
  row?.focus()
}
const choose = (name) => { object = name; search = at('search').value = ''; close(); refresh() }
const open = (id) => { shown = id; link(); refresh().then(() => at('record-card').scrollIntoView({ block: 'nearest' })) }

at('search').oninput = () => { search = at('search').value; clearTimeout(at('search').timer); at('search').timer = setTimeout(refresh, 200) }
at('close').onclick = close
at('record-card').onkeydown = (event) => { if (event.key === 'Escape') close() }
at('freeze').onclick = () => ask('freeze', { method: last?.frozen ? 'DELETE' : 'POST' }).then(refresh, trouble)
at('no-faults').onclick = () => ask('faults', { method: 'DELETE' }).then(refresh, trouble)
at('reset').onclick = () => {
  if (confirm('Remove all records, faults and counts?')) ask('reset', { method: 'POST' }).then(() => { close(); return refresh() }, trouble)
}
const tick = async () => {
  if (!document.hidden) await refresh()
  setTimeout(tick, 2000)
}
tick()
`
