// Changes that third parties make to a page: extensions, translators and proxies that rewrite HTML.

/** Ways in which extensions and translators change a page. Each runs in the page, and may run repeatedly. */
export const DISTURBANCES: Record<string, () => void> = {
  'a password manager puts an element before each text field': () => {
    for (const field of document.querySelectorAll('#app input, #app textarea')) {
      if (field.previousElementSibling?.localName === 'com-manager') continue;
      field.before(document.createElement('com-manager'));
    }
  },
  'digits are wrapped as telephone numbers': () => {
    const walker = document.createTreeWalker(document.getElementById('app')!, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      if (text.parentElement!.closest('.phone, textarea') || !/\d/.test(text.data)) continue;
      const span = document.createElement('span');
      span.className = 'phone';
      text.replaceWith(span);
      span.append(text.data);
    }
  },
  'a translator wraps every text': () => {
    const walker = document.createTreeWalker(document.getElementById('app')!, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      if (text.parentElement!.closest('font, textarea') || !text.data.trim()) continue;
      const [outer, inner] = [document.createElement('font'), document.createElement('font')];
      outer.append(inner);
      text.replaceWith(outer);
      inner.append(text.data);
    }
  },
  'an element becomes the first child of the app': () => {
    const app = document.getElementById('app')!;
    if (app.firstElementChild?.localName !== 'x-toolbar') app.prepend(document.createElement('x-toolbar'));
  },
  'a comment is taken out': () => {
    const walker = document.createTreeWalker(document.getElementById('app')!, NodeFilter.SHOW_COMMENT);
    if (walker.nextNode()) (walker.currentNode as Comment).remove();
  },
};

/** Ways in which proxies rewrite a page in transit. */
export const REWRITINGS: Record<string, (html: string) => string> = {
  'comments are stripped': html => html.replaceAll(/<!(?!DOCTYPE)[^>]*>/g, ''),
  'white space is put between tags': html => html.replaceAll('><', '>\n<'),
  'an address in a message is obfuscated': html =>
    html.replaceAll(/ann@example\.org/g, '<a class="protected" href="/protection#1f7e">[email protected]</a>'),
  'a banner is put at the top of every element called app': html =>
    html.replace(/(<div [^>]*id="app"[^>]*>)/, '$1<div class="banner-of-the-hotel">Welcome to our Wi-Fi</div>'),
};
