// A long message unfolds downwards, and when it is folded again its button stays under the pointer. The browser alone would
// keep the distance from the newest message, and take what is read away.
addEventListener('click', event => {
  const summary = event.target.closest('.line__rest summary');
  if (!summary) return;
  event.preventDefault();
  const details = summary.parentElement;
  const stays = details.open ? details : details.parentElement;
  const before = stays.getBoundingClientRect().top;
  details.open = !details.open;
  // One of the two scrolls.
  for (const around of [details.closest('.timeline'), details.closest('.room')]) {
    around.scrollBy(0, stays.getBoundingClientRect().top - before);
  }
});
