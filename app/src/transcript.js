// Copies several messages as a transcript, each as `[14:03] Ann: hello`; a single one as its text alone.
addEventListener('copy', event => {
  const selection = getSelection();
  if (selection.isCollapsed || event.target.matches?.('input, textarea')) return;
  const first = selection.getRangeAt(0);
  const last = selection.getRangeAt(selection.rangeCount - 1);
  const selected = first.cloneRange();
  selected.setEnd(last.endContainer, last.endOffset);
  const part = element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    if (element.contains(first.startContainer)) range.setStart(first.startContainer, first.startOffset);
    if (element.contains(last.endContainer)) range.setEnd(last.endContainer, last.endOffset);
    return range.toString().trim();
  };
  const lines = [];
  for (const line of document.querySelectorAll('.line:not(.growing), .day, .notice')) {
    const text = line.querySelector('.line__text');
    const said = selected.intersectsNode(text ?? line) && part(text ?? line);
    if (!said) continue;
    const time = line.querySelector('.line__time time');
    const author = line.querySelector('.line__author');
    lines.push({ said, text, by: `${time ? `[${time.textContent}] ` : ''}${author?.textContent}: ` });
  }
  const isMessage = lines.length === 1 && lines[0].text && !lines[0].text.contains(selected.commonAncestorContainer);
  if (lines.length < 2 && !isMessage) return;
  const copied = lines.map(({ said, text, by }) => (text && lines.length > 1 ? by + said : said)).join('\n');
  event.clipboardData.setData('text/plain', copied);
  event.preventDefault();
});
