// The way past the header leaves no entry in the history, in which Back would do nothing that one sees.
addEventListener('click', event => {
  const link = event.target.closest('.skip');
  if (!link) return;
  event.preventDefault();
  document.querySelector(link.hash).focus();
});
