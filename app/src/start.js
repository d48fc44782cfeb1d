// Starts the WebAssembly program and supervises it. Inlined in the page, so that it runs even if the program
// cannot be fetched. Until the program runs, and if it never does, the page works as it is: Enter posts the
// form, typed text is stored, and a frame shows the log. If the page differs from what the server sent, the
// program redraws it.
(() => {
  'use strict';
  const given = document.currentScript.dataset;
  const find = id => document.getElementById(id);
  const app = find('app');
  const parsed = text => {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  };
  /** The data that the page was rendered from; null if something has damaged it on its way. */
  const boot = parsed(find('boot')?.textContent);
  const composer = () => find('composer');
  const nonce = () => find('composer-nonce');
  /** How long to wait before reporting the program as late, and before retrying a failed fetch once. */
  const LATE_MS = 10_000;
  const RETRY_MS = 2_000;
  /** A program that fails twice within this time is not started a third time. */
  const FAILURES_MS = 60_000;

  let running = null;
  let gaveUp = false;
  let starts = 0;
  let failedAt = -Infinity;
  let isComposing = false;

  // Text that was typed before the program runs, or posted without an answer: per tab, user and room.
  const KEY = `form:${boot?.user.id}:${boot?.room.room}`;
  const keep = posted => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify([composer().value, nonce().value, posted]));
    } catch {
      // The browser blocks storage.
    }
  };
  const forget = () => {
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // Nothing was stored.
    }
  };
  const kept = () => {
    try {
      return parsed(sessionStorage.getItem(KEY));
    } catch {
      return null;
    }
  };
  const takeUp = () => {
    const [text, before, posted] = kept() ?? [''];
    if (posted && boot?.form.sent?.startsWith(`${before}-`)) return forget();
    composer().value ||= text;
    // The same text with the same nonce is the same message, whether or not it has arrived before.
    if (posted) nonce().value = before;
  };

  const isForm = event => !running && event.target.contains?.(composer());
  addEventListener('input', event => {
    if (isForm(event)) keep(false);
  });
  addEventListener('submit', event => {
    if (!isForm(event)) return;
    if (composer().value.trim()) keep(true);
    else event.preventDefault();
  });
  addEventListener('keydown', event => {
    const isEnter = event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
    if (!isForm(event) || event.target !== composer() || !isEnter) return;
    event.preventDefault();
    composer().form.querySelector('[type=submit]').click();
  });
  // Do not navigate to a dropped file, even before the program handles drops.
  for (const type of ['dragover', 'drop']) {
    addEventListener(type, event => event.dataTransfer?.types.includes('Files') && event.preventDefault());
  }
  addEventListener('compositionstart', () => (isComposing = true));
  addEventListener('compositionend', () => (isComposing = false));

  /** Returns the structure of an element without its content: tags, texts and comments in order. */
  const outline = element =>
    [...element.childNodes]
      .map(node => (node.nodeType === 1 ? `<${node.localName}${outline(node)}>` : node.nodeType === 3 ? '.' : '!'))
      .join('');
  /** FNV-1a, 32 bits. */
  const digest = text => {
    let hash = 0x811c9dc5;
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return String(hash >>> 0);
  };

  /** Lets `draw` replace the app's content; restores typed text, focus and the position in the log. */
  const redraw = draw => {
    const { activeElement } = document;
    const { value, selectionStart, selectionEnd } = composer() ?? { value: '' };
    const hasFocus = app.contains(activeElement) && activeElement.id;
    const above = find('timeline')?.getBoundingClientRect().top;
    const line =
      find('timeline')?.scrollTop < -24 &&
      [...app.querySelectorAll('.message')].find(message => message.getBoundingClientRect().bottom > above);
    const [id, place] = line ? [line.id, line.getBoundingClientRect().top] : [];
    draw();
    if (composer() && value) composer().value = value;
    if (hasFocus) find(hasFocus)?.focus({ preventScroll: true });
    if (hasFocus === 'composer') composer()?.setSelectionRange(selectionStart, selectionEnd);
    const there = id && find(id);
    if (there) find('timeline').scrollTop += there.getBoundingClientRect().top - place;
  };

  /** Shows a sentence above the page, and the log in a frame that refreshes itself. */
  const showPlain = sentence => {
    const said = find('trouble') ?? document.createElement('p');
    said.id = 'trouble';
    said.className = 'no-script';
    said.setAttribute('role', 'status');
    const again = document.createElement('button');
    again.textContent = given.reload;
    again.onclick = () => location.reload();
    if (!said.isConnected) app.before(said);
    said.replaceChildren(`${sentence} `, again);
    // A permalink's page shows the message in its context.
    if (boot?.focus || document.querySelector('.plain-log')) return;
    const frame = document.createElement('iframe');
    const path = new URL(composer().form.action).pathname;
    frame.className = 'plain-log';
    frame.title = given.log;
    frame.src = `${path === '/chat' ? '/chat/lobby' : path}/log`;
    app.after(frame);
  };
  const giveUp = sentence => {
    gaveUp = true;
    running = null;
    // Cloned nodes have none of the failed program's event listeners.
    redraw(() => app.replaceChildren(...app.cloneNode(true).childNodes));
    showPlain(sentence);
  };

  const isRunning = module => {
    running = module;
    find('trouble')?.remove();
    document.querySelector('iframe.plain-log')?.remove();
    if (!kept()?.[2]) forget();
  };
  const fail = (error, module = running) => {
    console.error(error);
    try {
      module?.stop();
    } catch {
      // It cannot even be stopped, but nothing it does affects the page any more.
    }
    running = null;
    const again = performance.now() - failedAt > FAILURES_MS;
    failedAt = performance.now();
    return again ? start() : giveUp(given.crashed);
  };
  const load = async () => {
    starts += 1;
    const module = await import(starts > 1 ? `${given.js}?${starts}` : given.js);
    await module.default({ module_or_path: given.wasm });
    return module;
  };
  const start = async () => {
    let module;
    try {
      module = await load();
    } catch (error) {
      console.error(error);
      await new Promise(done => setTimeout(done, RETRY_MS));
      try {
        module = await load();
      } catch {
        return giveUp(given.failed);
      }
    }
    // Redrawing would discard the text that an input method is composing.
    while (isComposing) await new Promise(done => addEventListener('compositionend', done, { once: true }));
    try {
      const isAsSent = failedAt === -Infinity && digest(outline(app)) === given.outline;
      if (isAsSent) module.hydrate();
      else redraw(() => (app.replaceChildren(), module.draw()));
    } catch (error) {
      return fail(error, module);
    }
    isRunning(module);
  };

  // A panic of the program throws an error; after that, its state is unreliable.
  const isOurs = error => error instanceof WebAssembly.RuntimeError || String(error?.stack).includes(given.js);
  addEventListener('error', event => running && isOurs(event.error) && fail(event.error));
  addEventListener('unhandledrejection', event => running && isOurs(event.reason) && fail(event.reason));

  takeUp();
  if (typeof WebAssembly !== 'object') return showPlain(given.noWasm);
  if (!boot) return showPlain(given.failed);
  setTimeout(() => running || gaveUp || showPlain(given.late), LATE_MS);
  start();
})();
