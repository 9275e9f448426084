// Draws the API's own description. Nothing is loaded from anywhere else, and no text becomes markup.
const make = (name, given = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(given)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

const table = (heads, rows) =>
  make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))));

const words = (schema = {}) => {
  if (schema.anyOf) return schema.anyOf.filter((one) => one.type !== "null").map(words).join(" or ");
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array") return `several of: ${words(schema.items)}`;
  const limits = ["minimum", "maximum", "maxLength"].filter((key) => key in schema).map((key) => `${key} ${schema[key]}`);
  return [schema.format ?? schema.type ?? "anything", ...limits].join(", ");
};

const control = (parameter) => {
  const choices = parameter.schema.enum ?? parameter.schema.anyOf?.find((one) => one.enum)?.enum;
  if (!choices) return make("input", { name: parameter.name, value: parameter.schema.default ?? "" });
  const empty = parameter.required ? [] : [make("option", { value: "" }, "")];
  const options = choices.map((choice) => make("option", choice === parameter.schema.default ? { selected: "" } : {}, choice));
  return make("select", { name: parameter.name }, ...empty, ...options);
};

const address = (path, parameters, form) => {
  const query = new URLSearchParams();
  let place = path;
  for (const parameter of parameters) {
    const value = form.elements.namedItem(parameter.name).value;
    if (parameter.in === "path") place = place.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value !== "") query.append(parameter.name, value);
  }
  return query.size ? `${place}?${query}` : place;
};

const shown = async (url) => {
  const reply = await fetch(url);
  const text = await reply.text();
  const isJson = (reply.headers.get("content-type") ?? "").includes("json");
  return `GET ${url}\n${reply.status} ${reply.statusText}\n\n${isJson ? JSON.stringify(JSON.parse(text), null, 2) : text}`;
};

const trial = (path, parameters) => {
  const output = make("pre", { "aria-live": "polite" });
  const labels = parameters.map((parameter) => make("label", {}, `${parameter.name} `, control(parameter)));
  const form = make("form", {}, ...labels, make("button", {}, "Ask"), output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    output.textContent = "…";
    output.textContent = await shown(address(path, parameters, form)).catch((error) => `No answer: ${error.message}`);
  });
  return form;
};

const route = (path, operation) => {
  const parameters = operation.parameters ?? [];
  const asked = parameters.map((one) => [
    make("code", {}, one.name), one.required ? "yes" : "no", words(one.schema), one.description ?? "",
  ]);
  const answers = Object.entries(operation.responses).map(([status, one]) => [
    status, one.description, Object.entries(one.content ?? {}).map(([kind, part]) => `${kind}: ${words(part.schema)}`).join("; "),
  ]);
  return make("details", {},
    make("summary", {}, make("h2", {}, make("span", { class: "path" }, `GET ${path}`))),
    make("p", {}, operation.description ?? ""),
    asked.length ? table(["Parameter", "Required", "Values", "Meaning"], asked) : null,
    table(["Status", "Meaning", "Content"], answers),
    trial(path, parameters));
};

const shape = ([name, schema]) =>
  make("details", {}, make("summary", {}, make("h2", {}, name)), make("p", {}, schema.description ?? ""),
    make("pre", {}, JSON.stringify(schema.properties ?? schema, null, 2)));

const draw = (description) => {
  document.getElementById("about").textContent = description.info.description;
  const routes = Object.entries(description.paths).map(([path, methods]) => route(path, methods.get));
  const shapes = Object.entries(description.components.schemas).map(shape);
  document.getElementById("routes").replaceChildren(...routes, make("h1", {}, "Shapes"), ...shapes);
};

fetch("/v1/openapi.json").then((reply) => reply.json()).then(draw).catch((error) => {
  document.getElementById("routes").textContent = `The description cannot be shown: ${error.message}`;
});
