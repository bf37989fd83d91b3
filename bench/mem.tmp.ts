import { createStore, memory } from "@cuitty/persist-core";
const store = await createStore({ name: "q", adapter: memory() });
const keys=Array.from({length:500},(_,i)=>"k"+String(i).padStart(5,"0")); const val={a:1,b:"hello world this is a value",c:[1,2,3]};
await store.kv.setMany(keys.map(k=>[k,val]));
const txt=JSON.stringify(val); const f=async(k:string)=>JSON.parse(txt);
const fl={};
for(let r=0;r<4;r++){
for(const [n,w] of Object.entries({
 base: async()=>{for(const k of keys) await f(k)},
 get: async()=>{for(const k of keys) await store.kv.get(k)},
 set: async()=>{for(const k of keys) await store.kv.set(k,val)},
 set500: async()=>{await Promise.all(keys.map(k=>store.kv.set(k,val)))},
 scan: async()=>{for await(const e of store.kv.list({prefix:"k"})) e},
 toArray: async()=>{await store.kv.list({prefix:"k"}).toArray()},
})){ const t=performance.now(); let c=0; while(performance.now()-t<300){await w();c+=500} if(r===3)console.log(n,((performance.now()-t)/c*1000).toFixed(2),"us") }}
