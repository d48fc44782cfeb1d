// Runs in the search page inside the chat's frame: each search replaces the one before. As a history entry it
// would outlive the frame in Chromium, and Back would have no visible effect.
addEventListener('submit', event => {
  const form = event.target;
  if (form.target) return;
  event.preventDefault();
  location.replace('?' + new URLSearchParams(new FormData(form)));
});
addEventListener('click', event => {
  const link = event.target.closest('a');
  const aside = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (!link || link.target || aside) return;
  event.preventDefault();
  location.replace(link.href);
});
// Key events in the frame do not reach the panel around it.
addEventListener('keydown', event => {
  if (event.key === 'Escape' && !event.isComposing) frameElement?.closest('[popover]')?.hidePopover();
});
// Do not navigate to a dropped file.
for (const type of ['dragover', 'drop']) {
  addEventListener(type, event => event.dataTransfer?.types.includes('Files') && event.preventDefault());
}
