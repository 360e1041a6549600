// Loaded before the page is painted, so that a dark page never flashes white.
try {
  const theme = localStorage.getItem("quiver-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme it is.
}
