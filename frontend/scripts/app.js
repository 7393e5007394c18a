// The scripts of every page. One file per behaviour, bound by data attributes; nothing is inline.
import "./requests.js";
import "./theme.js";
import "./toasts.js";
import "./dialogs.js";
import "./menus.js";
import "./keys.js";
import "./palette.js";
import "./lists.js";
import "./peek.js";
import "./cells.js";
import "./tabs.js";
import "./clocks.js";
import "./dirty.js";
import "./columns.js";
import "./filters.js";
import "./combobox.js";
import "./copy.js";
