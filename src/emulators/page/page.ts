import type { Inside } from './inside.ts'
import { script } from './script.ts'
import { style } from './style.ts'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/**
 * The page that shows what is inside: one file of HTML without anything from elsewhere. Its content comes from `routes.ts`, asked by
 * `script.ts`.
 */
export const renderPage = ({ title, about }: Inside): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${style}</style>
<header>
  <h1>${escaped(title)}</h1>
  <p>${escaped(about)}</p>
  <span class="quiet mono" id="now"></span>
  <span class="buttons">
    <button id="freeze" title="Frozen, requests wait and get no answer">Freeze</button>
    <button id="reset" title="Removes all records, faults and counts">Reset</button>
  </span>
</header>
<div id="trouble" role="alert" hidden></div>
<main>
  <div class="side">
    <nav aria-label="Objects"><h2>Inside</h2><div id="objects" class="list"></div></nav>
    <nav aria-label="More"><h2>More</h2><pre><a href="/_emulator/state">state</a>  <a href="/_emulator/stats">stats</a>
<a href="/_emulator/settings">settings</a>  <a href="/_emulator/snapshot">snapshot</a></pre></nav>
  </div>
  <div class="column">
    <section><h2><span id="object"></span> <small id="searched"></small>
      <input id="search" type="search" placeholder="id, e-mail or name" aria-label="Search"></h2><div id="records"></div></section>
    <section id="record-card" hidden><h2><span class="mono" id="record-name"></span><button id="close" style="margin-left:auto">Close</button></h2><div id="record"></div></section>
    <section id="faults-card" hidden><h2>Faults <button id="no-faults" style="margin-left:auto">Remove all</button></h2><div id="faults"></div></section>
    <section><h2>Requests <small id="total"></small></h2><div id="requests"></div></section>
    <section><h2 id="events-title">Events</h2><div id="events"></div></section>
  </div>
</main>
<script type="module">${script}</script>
</html>
`
