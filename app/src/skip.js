// Skipping the header adds no history entry, for which Back would have no visible effect.
addEventListener('click', event => {
  const link = event.target.closest('.skip');
  if (!link) return;
  event.preventDefault();
  document.querySelector(link.hash).focus();
});
