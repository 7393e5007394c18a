// data-combobox on a <select>: type to find. The select stays the field that is sent, and works alone.
import { placeBeside, say, whenPresent } from "./page.js";

let number = 0;

whenPresent("select[data-combobox]:not([multiple])", (select) => {
  number += 1;
  const id = `combobox-${number}`;
  const box = document.createElement("div");
  box.className = "c-combobox";
  const input = document.createElement("input");
  const list = document.createElement("ul");
  list.id = id;
  list.className = "c-combobox_list";
  list.setAttribute("role", "listbox");
  list.popover = "manual";
  Object.assign(input, { className: "form-select", type: "text", autocomplete: "off", spellcheck: false, id: `${select.id || id}-text`, required: select.required, disabled: select.disabled });
  for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": id, "aria-expanded": "false", "aria-autocomplete": "list" })) input.setAttribute(name, value);
  for (const name of ["aria-describedby", "aria-invalid"]) if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  const label = select.labels?.[0];
  if (label) {
    label.htmlFor = input.id;
    list.setAttribute("aria-label", label.textContent.trim());
  } else if (select.ariaLabel) {
    input.ariaLabel = select.ariaLabel;
    list.setAttribute("aria-label", select.ariaLabel);
  }
  select.before(box);
  box.append(input, list);
  select.hidden = true;
  select.required = false;

  const chosen = () => select.selectedOptions[0]?.textContent.trim() ?? "";
  let shown = [];
  let at = -1;

  const close = () => {
    if (list.matches(":popover-open")) list.hidePopover();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const open = (query) => {
    const wanted = query.trim().toLocaleLowerCase();
    shown = [...select.options].filter((option) => option.textContent.toLocaleLowerCase().includes(wanted)).slice(0, 100);
    list.replaceChildren(
      ...(shown.length
        ? shown.map((option, index) => {
            const item = document.createElement("li");
            item.id = `${id}-${index}`;
            item.setAttribute("role", "option");
            item.setAttribute("aria-selected", String(option.selected));
            item.textContent = option.textContent || "\u00a0";
            item.addEventListener("pointerdown", (event) => {
              event.preventDefault();
              take(index);
            });
            return item;
          })
        : [Object.assign(document.createElement("li"), { className: "c-combobox_none", textContent: say("nothing") })]),
    );
    if (!list.matches(":popover-open")) list.showPopover();
    placeBeside(list, input, { width: true });
    input.setAttribute("aria-expanded", "true");
    go(Math.max(0, shown.findIndex((option) => option.selected)));
  };
  const go = (index) => {
    at = shown.length ? (index + shown.length) % shown.length : -1;
    [...list.children].forEach((item, place) => item.classList.toggle("is-at", place === at));
    if (at >= 0) {
      input.setAttribute("aria-activedescendant", `${id}-${at}`);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
  };
  const take = (index) => {
    if (shown[index]) {
      select.value = shown[index].value;
      select.dispatchEvent(new Event("change", { bubbles: true }));
      select.dispatchEvent(new Event("input", { bubbles: true }));
    }
    input.value = chosen();
    close();
  };

  input.value = chosen();
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => open(""));
  input.addEventListener("input", () => open(input.value));
  input.addEventListener("blur", () => {
    input.value = chosen();
    close();
  });
  input.addEventListener("keydown", (event) => {
    const isOpen = list.matches(":popover-open");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) open("");
      else go(at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && isOpen && !event.isComposing) {
      event.preventDefault();
      take(at);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      input.value = chosen();
      close();
    }
  });
});
