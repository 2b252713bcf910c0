/** How the page of a plan looks, on a screen and on paper, and the script that filters it. Both stand inside the page: it asks no network. */

export const style: string = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9d9e0; --back: #ffffff; --card: #f7f7f9; --mark: #0b68cb;
  --warn: #8a4b00; --warn-back: #fff4e0; --gone: #a02c2c; --new: #1a6e3c; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #a9adb5; --line: #3a3d42; --back: #17181b; --card: #1f2124; --mark: #70b8ff;
  --warn: #ffc56b; --warn-back: #33270f; --gone: #ff9592; --new: #7fd6a0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 6rem; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; } h3 { font-size: 1rem; margin: 2rem 0 0; }
p { margin: .25rem 0; } .soft, .means { color: var(--soft); } a { color: var(--mark); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); } .counts td.n, .counts th.n { text-align: right; font-variant-numeric: tabular-nums; width: 8.5rem; }
.risk { background: var(--warn-back); border-left: 4px solid var(--warn); padding: .6rem .9rem; margin: .6rem 0; border-radius: 0 .4rem .4rem 0; }
.risk b { color: var(--warn); } .risk ul { margin: .4rem 0 0; padding-left: 1.1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .5rem 0; } dt { color: var(--soft); } dd { margin: 0; }
.tools { position: sticky; top: 0; background: var(--back); padding: .6rem 0; border-bottom: 1px solid var(--line); display: flex; gap: .75rem;
  align-items: center; z-index: 1; } .tools input { flex: 1; font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--card); color: inherit; }
article { border: 1px solid var(--line); border-radius: .5rem; margin: .75rem 0; padding: .6rem .8rem; background: var(--card);
  content-visibility: auto; contain-intrinsic-size: auto 14rem; }
article header { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; } article header b { overflow-wrap: anywhere; }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, monospace; color: var(--soft); overflow-wrap: anywhere; }
article table { margin-top: .4rem; table-layout: fixed; font-size: .93em; } article td { overflow-wrap: anywhere; border-bottom-color: transparent; padding: .15rem .6rem .15rem 0; }
article td:first-child { width: 22%; font-weight: 600; } td.why { color: var(--soft); width: 34%; } td.before { color: var(--gone); } td.after { color: var(--new); }
td.none { color: var(--soft); font-style: italic; }
.flag { color: var(--warn); font-weight: 600; } .capped { border: 1px dashed var(--warn); color: var(--warn); padding: .4rem .8rem; border-radius: .4rem; margin: .5rem 0; }
[hidden] { display: none !important; }
@media print { body { max-width: none; padding: 0; font-size: 10.5px; } .tools { display: none; }
  article { break-inside: avoid; content-visibility: visible; background: none; padding: .3rem .5rem; margin: .4rem 0; } h2, h3 { break-after: avoid; } a { color: inherit; text-decoration: none; } }
@media (max-width: 40rem) { td.why { display: none; } .counts .means { display: none; } .counts td.n, .counts th.n { width: auto; } }`

export const script: string = `
const box = document.querySelector('.tools input'), said = document.querySelector('.tools span')
const records = [...document.querySelectorAll('article')].map((one) => [one, one.textContent.toLowerCase()])
const sections = [...document.querySelectorAll('section.kind')]
document.querySelector('.tools').hidden = false
let waiting
const filter = () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean)
  let shown = 0
  for (const [one, text] of records) { one.hidden = !words.every((word) => text.includes(word)); if (!one.hidden) shown++ }
  for (const one of sections) one.hidden = words.length > 0 && !one.querySelector('article:not([hidden])')
  said.textContent = words.length > 0 ? shown + ' of ' + records.length : ''
}
box.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(filter, 120) })`
