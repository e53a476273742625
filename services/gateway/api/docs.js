// Renders one service's OpenAPI document as plain tables. Everything is set as text: nothing in it is run.
const service = document.getElementById("service");
const calls = document.getElementById("calls");
const source = document.getElementById("source");

function element(name, text, parent) {
  const made = document.createElement(name);
  made.textContent = text;
  parent.append(made);
  return made;
}

function row(table, name, text) {
  const line = element("tr", "", table);
  element("th", name, line).scope = "row";
  element("td", text, line);
}

function schemaName(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return schema.anyOf.map(schemaName).filter((each) => each !== "null").join(" | ");
  if (schema.type === "array") return schemaName(schema.items) + "[]";
  return [schema.type, schema.format].filter(Boolean).join(" ");
}

function showCall(path, method, call) {
  const details = element("details", "", calls);
  const summary = element("summary", "", details);
  element("code", method.toUpperCase() + " " + path, summary);
  element("p", call.description || "", details);
  const table = element("table", "", details);
  for (const each of call.parameters || []) {
    const text = [each.in, schemaName(each.schema), each.required ? "必填" : "", each.description || ""];
    row(table, each.name, text.filter(Boolean).join(" · "));
  }
  for (const [type, content] of Object.entries((call.requestBody || {}).content || {})) {
    row(table, "请求正文", type + " " + schemaName(content.schema));
  }
  for (const [status, answer] of Object.entries(call.responses || {})) {
    const types = Object.entries(answer.content || {}).map(([type, content]) => type + " " + schemaName(content.schema));
    row(table, status, [answer.description, ...types].join(" · "));
  }
}

function showSchemas(schemas) {
  element("h2", "数据结构", calls);
  for (const [name, schema] of Object.entries(schemas)) {
    const details = element("details", "", calls);
    element("summary", name, details);
    element("p", schema.description || "", details);
    const table = element("table", "", details);
    for (const [field, type] of Object.entries(schema.properties || {})) {
      row(table, field, [schemaName(type), type.description || ""].filter(Boolean).join(" · "));
    }
  }
}

async function show() {
  const address = "/" + service.value + "/openapi.json";
  source.href = address;
  calls.replaceChildren();
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    const api = await answer.json();
    element("h2", api.info.title, calls);
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, call] of Object.entries(methods)) showCall(path, method, call);
    }
    showSchemas((api.components || {}).schemas || {});
  } catch (error) {
    element("p", "该服务暂时没有应答（" + error.message + "）", calls);
  }
}

service.addEventListener("change", show);
show();
