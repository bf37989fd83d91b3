// Pictures go straight to the bucket and come straight from it; the server is asked for URLs and records only.
const files = document.querySelector("#files");
const pictures = document.querySelector("#pictures");
const trouble = document.querySelector("#trouble");

async function ask(method, path, body) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

async function upload(file) {
  const { id, name, upload } = await ask("POST", "/pictures", { name: file.name, contentType: file.type });
  const { url, method, headers } = upload;
  const sent = await fetch(url, { method, headers, body: file });
  if (!sent.ok) throw new Error(`The bucket has answered ${sent.status}.`);
  await ask("POST", `/pictures/${id}/done`, { name });
}

async function show() {
  const found = await ask("GET", "/pictures");
  const items = found.map(({ id, name, size, url }) => {
    const image = Object.assign(document.createElement("img"), { src: url, alt: name });
    const caption = document.createElement("figcaption");
    caption.textContent = `${name}, ${Math.ceil(size / 1000)} KB `;
    const button = Object.assign(document.createElement("button"), { textContent: "Remove" });
    button.onclick = () => attempt(() => ask("DELETE", `/pictures/${id}`));
    caption.append(button);
    const figure = document.createElement("figure");
    figure.append(image, caption);
    const item = document.createElement("li");
    item.append(figure);
    return item;
  });
  pictures.replaceChildren(...items);
}

async function attempt(work) {
  trouble.textContent = "";
  try {
    await work();
  } catch (error) {
    trouble.textContent = error.message;
  }
  await show();
}

files.onchange = () =>
  attempt(async () => {
    for (const file of files.files) await upload(file);
    files.value = "";
  });
await show();
