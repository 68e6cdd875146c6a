/** Light or dark: as the system says, until the person chooses. */
import { signal } from "@preact/signals";

const KEPT = "agentmesh-theme";
const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

/** What is chosen. */
export const theme = signal<Theme>("system");

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** Takes up what was chosen before, and follows the system where that is chosen. */
export function keepTheme(): void {
  systemIsDark.addEventListener("change", paint);
  choose(themes.find((each) => each === localStorage.getItem(KEPT)) ?? "system");
}

/** The next one of system, light, dark. */
export function nextTheme(): void {
  choose(themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "system");
}

function choose(chosen: Theme): void {
  theme.value = chosen;
  localStorage.setItem(KEPT, chosen);
  paint();
}

function paint(): void {
  const isDark = theme.value === "dark" || (theme.value === "system" && systemIsDark.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}
