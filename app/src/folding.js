// Unfolds a long message downwards; on folding, its button stays under the pointer. The browser alone would
// keep the distance from the newest message, and so scroll away what the user is reading.
addEventListener('click', event => {
  const summary = event.target.closest('.line__rest summary');
  if (!summary) return;
  event.preventDefault();
  const details = summary.parentElement;
  const stays = details.open ? details : details.parentElement;
  const before = stays.getBoundingClientRect().top;
  details.open = !details.open;
  // Only one of the two scrolls.
  for (const around of [details.closest('.timeline'), details.closest('.room')]) {
    around.scrollBy(0, stays.getBoundingClientRect().top - before);
  }
});
