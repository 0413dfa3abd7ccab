/// What a file is that is no image or tar file, by its first bytes: for messages that say what to do about it.
package enum ContentKind: CaseIterable {
    case gzip
    case zstandard
    case xz
    case bzip2
    case lz4
    case zip
    case sevenZip
    case rar
    case parquet
    case lfsPointer
    case webPage
    case gif
    case bmp
    case tiff
    case heif
    case avif
    case jpegXL
    case jpeg2000
    case appleDouble
    case pdf

    /// Bytes that are enough to tell.
    package static let prefixSize = 16

    package init?(_ bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(Self.prefixSize))
        guard let kind = Self.allCases.first(where: { $0.begins(head) }) else { return nil }
        self = kind
    }

    /// As in "is a GIF file".
    package var name: String {
        switch self {
        case .gzip: "compressed with gzip"
        case .zstandard: "compressed with zstd"
        case .xz: "compressed with xz"
        case .bzip2: "compressed with bzip2"
        case .lz4: "compressed with lz4"
        case .zip: "a zip archive"
        case .sevenZip: "a 7-Zip archive"
        case .rar: "a RAR archive"
        case .parquet: "a Parquet file"
        case .lfsPointer: "a Git LFS pointer, which stands for a file that was not fetched"
        case .webPage: "a web page or XML text"
        case .gif: "a GIF file"
        case .bmp: "a BMP file"
        case .tiff: "a TIFF file"
        case .heif: "a HEIF file"
        case .avif: "an AVIF file"
        case .jpegXL: "a JPEG XL file"
        case .jpeg2000: "a JPEG 2000 file"
        case .appleDouble: "a file of macOS that holds attributes of another"
        case .pdf: "a PDF file"
        }
    }

    /// What makes a tar file of it; empty where nothing does.
    package var unpacking: String {
        switch self {
        case .gzip: "; unpack it with 'gunzip'"
        case .zstandard: "; unpack it with 'zstd -d'"
        case .xz: "; unpack it with 'unxz'"
        case .bzip2: "; unpack it with 'bunzip2'"
        case .lz4: "; unpack it with 'lz4 -d'"
        case .zip, .sevenZip, .rar: "; unpack it into a folder and read that as folder:PATH"
        case .lfsPointer: "; fetch it with 'git lfs pull'"
        case .webPage: "; the server sent something else than the file"
        default: ""
        }
    }

    private func begins(_ head: [UInt8]) -> Bool {
        func has(_ bytes: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: bytes) }
        func says(_ text: String, at offset: Int = 0) -> Bool { has(Array(text.utf8), at: offset) }
        return switch self {
        case .gzip: has([0x1F, 0x8B])
        case .zstandard: has([0x28, 0xB5, 0x2F, 0xFD])
        case .xz: has([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0])
        case .bzip2: says("BZh") && head.count > 4 && says("1AY&SY", at: 4)
        case .lz4: has([0x04, 0x22, 0x4D, 0x18])
        case .zip: has([0x50, 0x4B, 3, 4]) || has([0x50, 0x4B, 5, 6])
        case .sevenZip: has([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C])
        case .rar: says("Rar!")
        case .parquet: says("PAR1")
        case .lfsPointer: says("version https://")
        case .webPage: says("<!") || says("<html") || says("<HTML") || says("<?xml") || says("<Error")
        case .gif: says("GIF8")
        case .bmp: says("BM") && head.count > 9 && head[6..<10].allSatisfy { $0 == 0 }
        case .tiff: has([0x49, 0x49, 42, 0]) || has([0x4D, 0x4D, 0, 42])
        case .heif: ["heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"].contains { says("ftyp" + $0, at: 4) }
        case .avif: says("ftypavif", at: 4) || says("ftypavis", at: 4)
        case .jpegXL: has([0xFF, 0x0A]) || says("JXL ", at: 4)
        case .jpeg2000: has([0xFF, 0x4F, 0xFF, 0x51]) || says("jP  ", at: 4)
        case .appleDouble: has([0, 5, 0x16, 7])
        case .pdf: says("%PDF")
        }
    }
}
