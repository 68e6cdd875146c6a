/** Begins: signs in, follows the mesh, shows the page. */
import { options, render } from "preact";
import { followAddress } from "./frame/address.ts";
import { Frame } from "./frame/frame.tsx";
import { listenToKeys } from "./frame/keys.ts";
import { showCount } from "./frame/notice.ts";
import { signIn } from "./frame/sign-in.ts";
import { keepTheme } from "./frame/theme.ts";
import { follow } from "./state/follow.ts";
import "./style.css";

// Effects need no frame of their own: by default each has the browser make one, also where nothing is drawn.
options.requestAnimationFrame = (run) => void setTimeout(run);

const page = document.getElementById("page");
if (page) {
  keepTheme();
  followAddress();
  listenToKeys();
  showCount();
  page.replaceChildren();
  render(<Frame />, page);
  signIn().then((isIn) => {
    if (isIn) void follow();
  });
}
