import { createStore, memory } from "@cuitty/persist-core";
const store = await createStore({ name: "q", adapter: memory() });
const keys=Array.from({length:500},(_,i)=>"k"+String(i).padStart(5,"0")); const val={a:1,b:"hello world this is a value",c:[1,2,3]};
const t=performance.now(); let c=0; while(performance.now()-t<4000){ if(process.argv[2]==="set500") await Promise.all(keys.map(k=>store.kv.set(k,val))); else for(const k of keys) await store.kv.get(k); c+=500}
console.log(((performance.now()-t)/c*1000).toFixed(2),"us");
