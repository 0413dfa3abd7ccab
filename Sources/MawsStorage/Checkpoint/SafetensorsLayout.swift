/// Where fp32 tensors lie in one safetensors file: 8 bytes with the header's length, the header (JSON, padded with
/// spaces), then the tensors back to back.
///
/// The header is a function of names and shapes alone, so a reader makes it again and compares; nothing is parsed.
struct SafetensorsLayout: Sendable {
    struct Tensor: Sendable {
        let name: String
        let shape: [Int]
        /// Bytes in the file.
        let range: Range<Int>
    }

    let tensors: [Tensor]
    /// The first bytes of the file, a multiple of 64 so that a mapped file has aligned tensors.
    let header: [UInt8]
    /// Bytes in the file.
    let size: Int

    init(_ tensors: [(name: String, shape: [Int])]) {
        var fields = ["\"__metadata__\":{\"format\":\"pt\"}"]
        var ends = [0]
        for tensor in tensors {
            let start = ends[ends.count - 1]
            let end = start + 4 * tensor.shape.reduce(1, *)
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let content = "{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(start),\(end)]}"
            fields.append("\(Self.quoted(tensor.name)):\(content)")
            ends.append(end)
        }
        var json = Array("{\(fields.joined(separator: ","))}".utf8)
        while (8 + json.count) % 64 != 0 { json.append(UInt8(ascii: " ")) }
        let length = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) }
        let header = length + json
        self.header = header
        self.tensors = zip(tensors, zip(ends, ends.dropFirst())).map { tensor, bytes in
            Tensor(
                name: tensor.name, shape: tensor.shape, range: header.count + bytes.0..<header.count + bytes.1)
        }
        size = header.count + ends[ends.count - 1]
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\0"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
