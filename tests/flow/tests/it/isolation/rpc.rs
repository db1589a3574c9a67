//! The same over gRPC, from the descriptors: every text field whose name says what it names.

use bytes::{Buf, BufMut, Bytes};
use contract::proto::DESCRIPTORS;
use futures_util::{StreamExt, stream};
use harness::streets;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorSet, MethodDescriptorProto};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{NEIGHBOUR, World};

/// One method with the message it takes.
struct Method {
    service: &'static str,
    path: String,
    takes: DescriptorProto,
    package: String,
}

/// What is put into the fields.
struct Names<'a> {
    street: &'a str,
    thing: Uuid,
    key: Uuid,
}

/// Calls every method with what is foreign and with what is nobody's; the answers are alike. Returns how many.
pub(super) async fn foreign(world: &World) -> usize {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let methods = methods(&set);
    assert!(methods.len() >= 5, "the descriptors know {} methods", methods.len());
    let mut called = 0;
    for method in &methods {
        for (theirs, nobodys) in world.theirs.iter().zip(&world.nobodys) {
            let key = Uuid::from_u128(rand::random());
            for (foreign, unknown) in
                [(streets::code(1), "990102999000".to_owned()), (streets::code(2), streets::code(2))]
            {
                if foreign == unknown && method.opens_a_stream() {
                    // The caller's own street: what comes is its own, and has no end.
                    continue;
                }
                let there = call(world, &set, method, &Names { street: &foreign, thing: *theirs, key }).await;
                let nowhere =
                    call(world, &set, method, &Names { street: &unknown, thing: *nobodys, key }).await;
                assert_eq!(there, nowhere, "{} tells {foreign} {theirs} apart", method.path);
                assert!(foreign == unknown || refused(&there), "{}: {there:?}", method.path);
                called += 1;
            }
        }
    }
    called
}

/// A status, or the bytes of the first message.
type Told = Result<Option<Bytes>, (tonic::Code, String)>;

/// `NOT_FOUND`, or the item of a stream refused as such.
fn refused(told: &Told) -> bool {
    let item = |bytes: &Bytes| String::from_utf8_lossy(bytes).contains("not-found");
    match told {
        Err((code, _)) => *code == tonic::Code::NotFound,
        Ok(first) => first.as_ref().is_some_and(item),
    }
}

impl Method {
    fn opens_a_stream(&self) -> bool {
        self.path.contains("/Watch")
    }
}

fn methods(set: &FileDescriptorSet) -> Vec<Method> {
    let mut methods = Vec::new();
    for file in &set.file {
        let package = file.package();
        let Some(service) =
            super::SERVICES.into_iter().find(|name| package == format!("streetwise.{name}.v1"))
        else {
            continue;
        };
        for door in &file.service {
            let method = |method: &MethodDescriptorProto| Method {
                service,
                path: format!("/{package}.{}/{}", door.name(), method.name()),
                takes: message(set, method.input_type()),
                package: package.to_owned(),
            };
            methods.extend(door.method.iter().map(method));
        }
    }
    methods
}

fn message(set: &FileDescriptorSet, name: &str) -> DescriptorProto {
    let found = set.file.iter().find_map(|file| {
        let within = name.strip_prefix(&format!(".{}.", file.package()))?;
        file.message_type.iter().find(|message| message.name() == within)
    });
    found.cloned().unwrap_or_else(|| panic!("no message {name}"))
}

/// Encodes a message by its descriptor: texts that name something, enums with their first meaning, the rest absent. A ground
/// has its place with a few acts only, and none of them is the first.
fn filled(set: &FileDescriptorSet, takes: &DescriptorProto, names: &Names<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in &takes.field {
        let number = field.number() as u32;
        match field.r#type() {
            Type::String => {
                let text = text_of(field.name(), names);
                prost::encoding::string::encode(number, &text, &mut bytes);
            }
            Type::Enum if field.label() != Label::Repeated && field.name() != "ground" => {
                prost::encoding::int32::encode(number, &1, &mut bytes);
            }
            Type::Double => prost::encoding::double::encode(number, &1.0, &mut bytes),
            Type::Bytes => {
                prost::encoding::bytes::encode(number, &streets::street(1).into_bytes(), &mut bytes);
            }
            Type::Message
                if field.type_name().starts_with(".streetwise.") && field.label() != Label::Repeated =>
            {
                let inner = filled(set, &message(set, field.type_name()), names);
                prost::encoding::bytes::encode(number, &inner, &mut bytes);
            }
            _ => {}
        }
    }
    bytes
}

fn text_of(field: &str, names: &Names<'_>) -> String {
    match field {
        "street" | "tenant" | "code" => names.street.to_owned(),
        "idempotency_key" => names.key.to_string(),
        "part" => "core".to_owned(),
        "item" => "TRA-01".to_owned(),
        // What is only taken with some verbs, and is a word of a list: the act itself is what is tried.
        "cursor" | "page_token" | "after" | "unit" | "reason" | "to" | "into_case_id" => String::new(),
        id if id.ends_with("_id") || id.ends_with("_ids") => names.thing.to_string(),
        _ => "x".to_owned(),
    }
}

async fn call(world: &World, set: &FileDescriptorSet, method: &Method, names: &Names<'_>) -> Told {
    assert!(method.package.starts_with("streetwise."));
    let url = world.cluster.grpc_url(method.service).to_owned();
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = Request::new(stream::iter([Bytes::from(filled(set, &method.takes, names))]));
    let token = format!("Bearer {}", world.cluster.token(NEIGHBOUR)).parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    // Strangers are bounded by the place they call from; nobody shall be refused for that here.
    let place: [u8; 4] = rand::random();
    let place = std::net::Ipv4Addr::from(place).to_string().parse().unwrap();
    request.metadata_mut().insert("x-forwarded-for", place);
    let told = |status: Status| (status.code(), status.message().to_owned());
    let answer = client.streaming(request, method.path.parse().unwrap(), Raw).await.map_err(told)?;
    match answer.into_inner().next().await {
        None => Ok(None),
        Some(first) => first.map(Some).map_err(told),
    }
}

/// Bytes as they are.
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let bytes = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(bytes)))
    }
}
