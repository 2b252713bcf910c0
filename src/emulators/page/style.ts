/** How the page looks: system fonts, light and dark by the reader's choice, one column on a narrow window. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #14161a); --card: light-dark(#fff, #1c1f25); --line: light-dark(#e1e4ea, #2d323b);
  --ink: light-dark(#1b1f27, #e7eaf0); --quiet: light-dark(#667085, #98a2b3); --accent: light-dark(#2f5fd0, #8fb0ff);
  --good: light-dark(#16794c, #5fd39b); --bad: light-dark(#b3261e, #ff8f87); --wait: light-dark(#8a5a00, #f2bf5e);
  --hover: light-dark(#eef2fb, #252a34);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 14px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding: 14px 20px; background: var(--card); border-bottom: 1px solid var(--line); }
header h1 { font-size: 17px; margin: 0; }
header p { margin: 0; color: var(--quiet); flex: 1 1 300px; }
main { display: grid; grid-template-columns: 250px minmax(0, 1fr); gap: 16px; padding: 16px 20px; max-width: 1500px; margin: 0 auto; }
section, nav { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.side, .column { display: grid; gap: 16px; align-content: start; min-width: 0; }
h2 { font-size: 13px; margin: 0; padding: 10px 14px; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }
h2 small { color: var(--quiet); font-weight: normal; }
h2 input, h2 button { font-weight: normal; }
h2 input { margin-left: auto; flex: 0 1 260px; min-width: 0; }
nav button { display: flex; width: 100%; justify-content: space-between; gap: 8px; border: 0; border-radius: 0; background: none; padding: 6px 14px; text-align: left; overflow-wrap: anywhere; }
nav button[aria-current=true] { background: var(--hover); color: var(--accent); font-weight: 600; }
nav button.empty { color: var(--quiet); }
.scroll { overflow: auto; max-height: 340px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { position: sticky; top: 0; background: var(--card); text-align: left; color: var(--quiet); font-weight: 500; }
th, td { padding: 5px 14px; border-bottom: 1px solid var(--line); white-space: nowrap; max-width: 420px; overflow: hidden; text-overflow: ellipsis; }
tr:last-child td { border-bottom: 0; }
tbody tr.pick { cursor: pointer; }
tbody tr.pick:hover, tbody tr.pick:focus { background: var(--hover); }
tr.gone td { color: var(--quiet); text-decoration: line-through; }
td.wrap { white-space: pre-wrap; overflow-wrap: anywhere; max-width: none; }
code, pre, .mono { font: 12px/1.5 ui-monospace, monospace; }
pre { margin: 0; padding: 12px 14px; overflow: auto; max-height: 420px; white-space: pre-wrap; overflow-wrap: anywhere; }
a { color: var(--accent); }
.long { width: 100%; max-width: 0; }
.right { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.quiet, .none { color: var(--quiet); } .good, .sent { color: var(--good); } .bad, .failed { color: var(--bad); } .wait, .waiting { color: var(--wait); }
.nothing { padding: 14px; color: var(--quiet); margin: 0; }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; }
button { cursor: pointer; } button:hover { background: var(--hover); }
button.on { border-color: var(--bad); color: var(--bad); font-weight: 600; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
#trouble { background: var(--bad); color: var(--card); padding: 6px 20px; }
[hidden] { display: none !important; }
@media (max-width: 760px) { main { grid-template-columns: minmax(0, 1fr); padding: 12px; } nav .list { display: flex; flex-wrap: wrap; } nav button { width: auto; } header { padding: 12px; } .long { max-width: 420px; } td, th { padding: 5px 10px; } }
`
