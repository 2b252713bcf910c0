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
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? 'status ' + response.status)
  return response.status === 204 ? undefined : response.json()
}
const trouble = (error) => {
  at('trouble').hidden = !error
  at('trouble').textContent = error ? 'The emulator does not answer: ' + error.message : ''
}
const time = (ms) => new Date(ms).toISOString().slice(11, 19)
const [, linkedObject, linkedId] = /^#([^/]+)(?:\\/(.+))?$/.exec(decodeURIComponent(location.hash)) ?? []
object = linkedObject
shown = linkedId
const link = () => history.replaceState(null, '', '#' + encodeURIComponent(object) + (shown ? '/' + encodeURIComponent(shown) : ''))
const table = (heads, rows) =>
  rows.length === 0
    ? make('p', { className: 'nothing', textContent: 'Nothing yet.' })
    : make('div', { className: 'scroll' }, make('table', {},
        make('thead', {}, make('tr', {}, ...heads.map((head) => make('th', { textContent: head, className: head === 'ms' ? 'right' : '' })))),
        make('tbody', {}, ...rows)))
const cell = (text, className = '') => make('td', { textContent: text, title: String(text), className })
/* Redraws a place only when what it shows has changed, so that nobody loses a selection or the place in a list. */
const draw = (id, data, render) => {
  const text = JSON.stringify(data)
  if (drawn[id] === text) return
  drawn[id] = text
  const scrolled = at(id).querySelector('.scroll')?.scrollTop
  at(id).replaceChildren(...[render()].flat())
  if (scrolled) at(id).querySelector('.scroll').scrollTop = scrolled
}
const pick = (row, go) => {
  row.className = 'pick'
  row.tabIndex = 0
  row.onclick = go
  row.onkeydown = (event) => { if (event.key === 'Enter') go() }
  return row
}

const drawOverview = (o) => {
  at('now').textContent = new Date(o.now).toISOString().slice(0, 19).replace('T', ' ') + ' UTC'
  if (!object) object = o.objects.find(({ name, count }) => count > 0 && !/^(User|Organization|Profile|PermissionSet)/.test(name))?.name ?? o.objects.find(({ name }) => name === 'Contact')?.name ?? o.objects[0].name
  draw('objects', [o.objects, object], () => o.objects.map(({ name, count }) =>
    Object.assign(make('button', { className: count ? '' : 'empty', onclick: () => choose(name) }, name,
      make('span', { className: 'right quiet', textContent: count.toLocaleString('en') })), { ariaCurrent: String(name === object) })))
  at('total').textContent = o.requests.total.toLocaleString('en') + ' so far'
  draw('requests', o.requests.recent, () => table(['time', '', 'path', 'status', 'ms', ''], o.requests.recent.map((r) => make('tr', {},
    cell(time(r.at), 'quiet mono'), cell(r.method, 'mono'), cell(r.path, 'mono long'),
    cell(r.status === null ? 'waits' : r.status === 499 ? 'cut' : r.status, r.status === null ? 'wait' : r.status < 400 ? 'good' : 'bad'),
    cell(r.ms ?? '', 'right'), cell(r.note ?? '', 'quiet')))))
  at('events-title').textContent = o.eventsTitle
  draw('events', o.events, () => table(['time', 'type', 'about', ...(o.emulator === 'clerk' ? ['', 'attempts'] : [])], o.events.map((e) => make('tr', {},
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
  draw('records', [object, list], () => table(list.columns, list.rows.map(({ id, cells }) =>
    pick(make('tr', {}, ...cells.map((text, i) => cell(text, i === 0 ? 'mono' : ''))), () => open(id)))))
}
const drawRecord = ({ fields, json }) => {
  at('record-card').hidden = false
  at('record-name').textContent = shown
  draw('record', [shown, fields, json], () => [
    table(['field', 'value'], fields.map(({ name, value, note }) => make('tr', {},
      cell(name, value === '' ? 'quiet' : ''), make('td', { className: 'wrap mono' }, value,
        note ? make('span', { className: 'wait', textContent: (value ? '  ' : '') + note }) : undefined)))),
    json ? make('details', { open: last?.emulator === 'clerk' }, make('summary', { className: 'nothing', textContent: 'as JSON' }),
      make('pre', { textContent: JSON.stringify(json, null, 2) })) : ''])
}
const refreshRecords = async () => {
  const asked = object
  const list = await ask('browse/' + encodeURIComponent(asked) + '?search=' + encodeURIComponent(search))
  if (asked === object) drawRecords(list)
  if (shown) await ask('browse/' + encodeURIComponent(asked) + '/' + encodeURIComponent(shown)).then(drawRecord, close)
}
const refresh = async () => {
  try {
    drawOverview((last = await ask('overview')))
    await refreshRecords()
    trouble()
  } catch (error) { trouble(error) }
}
const close = () => { shown = undefined; at('record-card').hidden = true; link() }
const choose = (name) => { object = name; search = at('search').value = ''; close(); refresh() }
const open = (id) => { shown = id; link(); refresh().then(() => at('record-card').scrollIntoView({ block: 'nearest' })) }

at('search').oninput = () => { search = at('search').value; clearTimeout(at('search').timer); at('search').timer = setTimeout(refresh, 200) }
at('close').onclick = close
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
