internal import CZlib

/// Completes PNG files whose compressed pixels end properly and hold fewer rows than the header says, or hold all and
/// lack the checksum behind them: Pillow and browsers show what is there, libpng refuses the whole.
enum PNGCompletion {
    private static let signatureSize = 8
    /// Stored, with the headers of their blocks, they fit the 2^31 - 1 bytes of a chunk.
    private static let rowsSizeMax = (1 << 31) - (1 << 20)
    /// Where Adam7's passes begin and how far apart their pixels are: x, y, both steps.
    private static let passes = [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ]

    /// The same image with zeros for what is not there; nil where the pixels are cut off or damaged.
    static func completed(_ bytes: [UInt8]) -> [UInt8]? {
        var (header, palette, data): (ArraySlice<UInt8>?, ArraySlice<UInt8>?, [UInt8]) = (nil, nil, [])
        var rest = bytes.dropFirst(signatureSize)
        scan: while rest.count >= 12 {
            let length = number(rest)
            guard length <= rest.count - 12 else { break }
            let chunk = rest.dropFirst(8).prefix(length)
            switch String(decoding: rest.dropFirst(4).prefix(4), as: UTF8.self) {
            // The first, which is the one that libpng found fit.
            case "IHDR": header = header ?? chunk
            case "PLTE": palette = palette ?? chunk
            case "IDAT": data += chunk
            case "IEND": break scan
            default: break
            }
            rest = rest.dropFirst(12 + length)
        }
        guard let header, let size = rowsSize(header), size.all <= rowsSizeMax,
            let rows = inflated(data, size: size.all, row: size.row),
            let stream = deflated(rows)
        else { return nil }
        return Array(bytes.prefix(signatureSize)) + chunk("IHDR", Array(header))
            + (palette.map { chunk("PLTE", Array($0)) } ?? []) + chunk("IDAT", stream) + chunk("IEND", [])
    }

    /// Bytes of all rows with their filters, of all passes, and of one row where there is one pass.
    private static func rowsSize(_ header: ArraySlice<UInt8>) -> (all: Int, row: Int?)? {
        let fields = Array(header)
        guard fields.count == 13, let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][fields[9]] else { return nil }
        let (width, height, bits) = (number(fields[0...]), number(fields[4...]), channels * Int(fields[8]))
        guard fields[12] != 0 else {
            let row = 1 + (width * bits + 7) / 8
            return (height * row, row)
        }
        let all = passes.reduce(0) { sum, pass in
            let across = (width - pass.0 + pass.2 - 1) / pass.2
            let down = (height - pass.1 + pass.3 - 1) / pass.3
            return across > 0 && down > 0 ? sum + down * (1 + (across * bits + 7) / 8) : sum
        }
        return (all, nil)
    }

    /// What a stream holds, and zeros up to `size`; nil where it neither fills them nor ends behind a whole row.
    private static func inflated(_ stream: [UInt8], size: Int, row: Int?) -> [UInt8]? {
        var state = z_stream()
        guard inflateInit_(&state, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&state) }
        var (rows, input) = ([UInt8](repeating: 0, count: size), stream)
        let isUsable = rows.withUnsafeMutableBufferPointer { rows in
            input.withUnsafeMutableBufferPointer { input in
                (state.next_in, state.avail_in) = (input.baseAddress, UInt32(input.count))
                (state.next_out, state.avail_out) = (rows.baseAddress, UInt32(rows.count))
                let result = inflate(&state, Z_SYNC_FLUSH)
                if state.avail_out == 0 { return [Z_OK, Z_BUF_ERROR, Z_STREAM_END].contains(result) }
                return result == Z_STREAM_END && state.total_out > 0
                    && row.map { Int(state.total_out).isMultiple(of: $0) } == true
            }
        }
        return isUsable ? rows : nil
    }

    /// Stored as they are: libpng reads them once, and nobody keeps them.
    private static func deflated(_ rows: [UInt8]) -> [UInt8]? {
        var size = compressBound(UInt(rows.count))
        var stream = [UInt8](repeating: 0, count: Int(size))
        guard compress2(&stream, &size, rows, UInt(rows.count), 0) == Z_OK else { return nil }
        return Array(stream.prefix(Int(size)))
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bigEndian(data.count) + body + bigEndian(Int(crc32(0, body, UInt32(body.count))))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } }
}
