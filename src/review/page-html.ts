// The review page's markup: landmarks, labels and dialogs; the script fills in what the review holds.

export const pageIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1f5fbf"/>
<path d="M9 16.5l5 5L23.5 11" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/></svg>`

const states = [
  ['all', 'All'],
  ['open', 'Open'],
  ['accepted', 'Accepted'],
  ['flagged', 'Flagged'],
]

const segments = states
  .map(
    ([value, label]) =>
      `<label><input type="radio" name="state" value="${value}"><span>${label} <b data-count="${value}"></b></span></label>`,
  )
  .join('')

const keys = [
  [['A'], 'accept this image, go to the next open one'],
  [['F'], 'flag it as sensitive'],
  [['U', 'Backspace'], 'undo your last verdict or note'],
  [['N'], 'write a note'],
  [['\u2190', '\u2192'], 'previous, next image'],
  [['\u2191', '\u2193'], 'previous, next class'],
  [['Esc'], 'back from the filters to the image'],
  [['I'], 'change the reviewer'],
  [['?'], 'show or close this help'],
] as const

const kbd = (key: string) => `<kbd>${key}</kbd>`
const help = keys.map(([names, what]) => `<div><dt>${names.map(kbd).join(' ')}</dt><dd>${what}</dd></div>`).join('')

export const pageHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Safety review</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<script type="module" src="/page/main.js"></script>
</head>
<body>
<header>
  <h1>Safety review <small id="folder"></small></h1>
  <div class="progress">
    <progress id="progress" max="1" value="0" aria-labelledby="progress-text"></progress>
    <span id="progress-text"></span>
  </div>
  <button type="button" id="reviewer" title="Change the reviewer (I)"></button>
  <button type="button" id="help-button" aria-label="Help" title="Help (?)">?</button>
</header>
<form class="filters" aria-label="Filters" autocomplete="off">
  <label>Model <select id="model-filter"></select></label>
  <label>Class <select id="class-filter"></select></label>
  <fieldset><legend>State</legend>${segments}</fieldset>
</form>
<p id="fault" class="banner" role="alert" hidden></p>
<details id="faults" class="banner" hidden><summary></summary><ul></ul></details>
<main>
  <div class="stage" id="stage">
    <button type="button" class="turn" id="previous" aria-label="Previous image" title="Previous (left arrow)"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5l-7 7 7 7"/></svg></button>
    <div class="frame" id="frame"><img id="image" alt=""><span class="badge" id="badge"></span></div>
    <p id="empty" hidden></p>
    <button type="button" class="turn" id="next" aria-label="Next image" title="Next (right arrow)"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M9 5l7 7-7 7"/></svg></button>
  </div>
  <aside aria-label="This image">
    <p class="over" id="position"></p>
    <h2 id="class-name"></h2>
    <p class="synonyms" id="synonyms"></p>
    <p class="standing" id="standing"></p>
    <blockquote id="note" hidden></blockquote>
    <div class="actions">
      <button type="button" class="accept" id="accept"><kbd>A</kbd>Accept</button>
      <button type="button" class="flag" id="flag"><kbd>F</kbd>Flag</button>
      <button type="button" id="write-note"><kbd>N</kbd>Note</button>
      <button type="button" id="undo"><kbd>U</kbd>Undo</button>
    </div>
    <p class="said" id="said" role="status"></p>
    <details open>
      <summary>How it was made</summary>
      <dl id="settings"></dl>
    </details>
  </aside>
</main>
<section class="strip" aria-label="Images of this class">
  <h3 id="strip-title"></h3>
  <ol id="strip"></ol>
</section>
<dialog id="initials-dialog" aria-labelledby="initials-title">
  <form method="dialog">
    <h2 id="initials-title">Who is reviewing?</h2>
    <p>Your initials are stored with every verdict.</p>
    <label>Initials <input id="initials" maxlength="8" required pattern="\\p{L}[\\p{L}\\p{N}.\\-]{0,7}" title="One to eight letters, such as AB" autocomplete="off" spellcheck="false"></label>
    <div class="row"><button class="primary">Begin</button></div>
  </form>
</dialog>
<dialog id="note-dialog" aria-labelledby="note-title">
  <form method="dialog">
    <h2 id="note-title">Note</h2>
    <label><span id="note-about"></span><textarea id="note-text" rows="4" maxlength="1000"></textarea></label>
    <div class="row"><small>Enter saves, Shift+Enter breaks the line, Esc leaves it</small>
    <button type="button" id="note-cancel">Cancel</button><button class="primary" value="save">Save</button></div>
  </form>
</dialog>
<dialog id="help-dialog" aria-labelledby="help-title">
  <form method="dialog">
    <h2 id="help-title">Keys</h2>
    <dl class="keys">${help}</dl>
    <p>Every verdict is on the disk before the next image shows; reloading loses nothing. The latest verdict on an image counts.</p>
    <div class="row"><button class="primary" autofocus>Close</button></div>
  </form>
</dialog>
<noscript><p class="banner">This page needs its script, which comes from this machine alone.</p></noscript>
</body>
</html>
`
