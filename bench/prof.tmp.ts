import { createStore } from "@cuitty/persist";
import fs from "node:fs";
fs.rmSync("/tmp/q", { recursive: true, force: true });
const store = await createStore({ name: "q", path: "/tmp/q/a.db", durability: "relaxed" });
const keys=Array.from({length:500},(_,i)=>"k"+String(i).padStart(5,"0")); const val={a:1,b:"hello world this is a value",c:[1,2,3]};
await store.kv.setMany(keys.map(k=>[k,val]));
const what=process.argv[2]; const t=performance.now(); let c=0;
while(performance.now()-t<4000){ 
 if(what==="get") for(const k of keys) {await store.kv.get(k);c++}
 if(what==="set500") {await Promise.all(keys.map(k=>store.kv.set(k,val)));c+=500}
 if(what==="scan") {for await(const e of store.kv.list({prefix:"k"})) c++}
 if(what==="set") for(const k of keys) {await store.kv.set(k,val);c++}
}
console.log(what,(4000/c*1000).toFixed(2),"us"); await store.close();
