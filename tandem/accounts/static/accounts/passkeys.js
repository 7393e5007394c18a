// Passkeys and security keys: asks the browser's own dialog and posts its answer.
//
//   <form method="post" data-passkey="create|get" [data-options-url="…"] [data-options="id of a json script"]
//         data-failed="…"> <input type="hidden" name="credential"> <button> </form>

const CAN = window.isSecureContext && "PublicKeyCredential" in window && !isAddress(location.hostname);

function isAddress(host) {
  return /^\d+(\.\d+){3}$/.test(host) || host.includes(":") || host.startsWith("[");
}

function toBytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
}

function toText(bytes) {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function read({ publicKey }) {
  const withBytes = (one) => ({ ...one, id: toBytes(one.id) });
  const options = { ...publicKey, challenge: toBytes(publicKey.challenge) };
  if (options.user) options.user = withBytes(options.user);
  if (options.excludeCredentials) options.excludeCredentials = options.excludeCredentials.map(withBytes);
  if (options.allowCredentials) options.allowCredentials = options.allowCredentials.map(withBytes);
  return options;
}

function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    type: credential.type,
    id: credential.id,
    rawId: toText(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function optionsOf(form) {
  if (form.dataset.options) {
    const given = JSON.parse(document.getElementById(form.dataset.options).textContent);
    return given.creation_options || given.request_options;
  }
  const answer = await fetch(form.dataset.optionsUrl, {
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()).request_options;
}

async function ask(form) {
  const publicKey = read(await optionsOf(form));
  if (form.dataset.passkey === "get") return navigator.credentials.get({ publicKey });
  const alone = form.querySelector("[name=passwordless]");
  if (alone) {
    const wanted = { ...publicKey.authenticatorSelection };
    wanted.residentKey = alone.checked ? "required" : "discouraged";
    wanted.requireResidentKey = alone.checked;
    if (alone.checked) wanted.userVerification = "required";
    publicKey.authenticatorSelection = wanted;
  }
  return navigator.credentials.create({ publicKey });
}

function bind(form) {
  form.hidden = !CAN && form.hasAttribute("data-optional");
  const words = form.querySelector("[data-passkey-words]");
  const say = (text) => {
    if (words) words.textContent = text;
  };
  if (!CAN) say(form.dataset.cannot || "");
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    if (!CAN) return;
    say("");
    try {
      form.elements.credential.value = JSON.stringify(written(await ask(form)));
    } catch {
      say(form.dataset.failed || "");
      return;
    }
    form.submit();
  });
}

document.querySelectorAll("form[data-passkey]").forEach(bind);
