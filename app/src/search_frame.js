// Runs in the search's page where the chat shows it in a frame: what one looks for there takes the place of what one looked
// for before. As an entry of the history it would outlive the frame in Chromium, and Back would do nothing that one sees.
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
// The panel around the frame hears no keys of it.
addEventListener('keydown', event => {
  if (event.key === 'Escape' && !event.isComposing) frameElement?.closest('[popover]')?.hidePopover();
});
// A file that is dropped leads nowhere.
for (const type of ['dragover', 'drop']) {
  addEventListener(type, event => event.dataTransfer?.types.includes('Files') && event.preventDefault());
}
