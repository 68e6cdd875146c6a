/** Begins: signs in, follows the mesh, shows the page. */
import { render } from "preact";
import { followAddress } from "./frame/address.ts";
import { Frame } from "./frame/frame.tsx";
import { listenToKeys } from "./frame/keys.ts";
import { showCount } from "./frame/notice.ts";
import { signIn } from "./frame/sign-in.ts";
import { keepTheme } from "./frame/theme.ts";
import { follow } from "./state/follow.ts";
import "./style.css";

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
