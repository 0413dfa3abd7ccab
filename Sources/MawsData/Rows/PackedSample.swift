import Foundation
import MawsDataFiles

/// One sample on its way into a shard: an image and the members beside it, as they are.
package struct PackedSample: Sendable {
    package struct Member: Sendable {
        /// What follows the sample's key in the member's name: `txt`, `json`, `cls`, or what it had before.
        package var ending: String
        package var bytes: [UInt8]
    }

    package var image: [UInt8]
    /// `png`, `jpg` or `webp`.
    package var imageExtension: String
    package private(set) var members: [Member] = []
    /// Some of its pixels are not what was stored; see `EncodedImage.decodeWhole`.
    package var isDoubtful = false
    /// What is to be counted of it; see `SaidHashtags.remarks`.
    package var remarks: [String] = []

    package init(image: [UInt8], imageExtension: String, members: [Member] = []) {
        self.image = image
        self.imageExtension = imageExtension
        self.members = members
    }

    /// - Parameters:
    ///   - caption: nil: no `.txt` member.
    ///   - hashtags: nil: no `.json` member; the caption's hashtags count then. Empty: none.
    ///   - classIndex: nil: no `.cls` member.
    package init(image: [UInt8], imageExtension: String, caption: String?, hashtags: [String]?, classIndex: Int?) {
        self.init(image: image, imageExtension: imageExtension)
        self[.caption] = caption.map { Array($0.utf8) }
        self[.hashtags] = hashtags.map { Sidecar.replacingHashtags(nil, with: $0) }
        self[.classIndex] = classIndex.map { Array("\($0)".utf8) }
    }

    /// The image of a row and what the row says of it.
    package init(_ row: SourceRow, image: [UInt8], imageExtension: String, classes: ClassNumbers) throws {
        self.init(
            image: image, imageExtension: imageExtension, caption: row.caption,
            hashtags: row.hashtags == nil ? nil : row.effectiveHashtags,
            classIndex: row.className.flatMap { classes[$0] })
        remarks = row.remarks
        if let path = row.sidecarPath {
            self[.hashtags] = try InputFile.contents(path, limit: Int(SamplePart.hashtags.sizeMax))
        }
    }

    /// The hashtags that readers of the shard will see.
    package var hashtags: [String] { SampleHashtags.of(said: sidecar?.hashtags.tags, caption: caption) }

    package var hasCaption: Bool { caption != nil }

    package var classIndex: Int? { self[.classIndex].flatMap { try? SampleReader.classIndex($0) } }

    private var caption: String? {
        self[.caption].map { String(decoding: $0, as: UTF8.self) } ?? sidecar?.caption
    }

    private var sidecar: Sidecar? { self[.hashtags].flatMap { try? Sidecar($0) } }

    /// Makes the class this one, where it says another.
    package mutating func setClass(_ index: Int?) {
        if classIndex != index { self[.classIndex] = index.map { Array("\($0)".utf8) } }
    }

    package mutating func append(_ member: Member) { members.append(member) }

    /// A member besides the image.
    package subscript(_ part: SamplePart) -> [UInt8]? {
        get { members.first { SamplePart(ending: Array($0.ending.utf8)[...]) == part }?.bytes }
        set {
            precondition(part != .image)
            let place = members.firstIndex { SamplePart(ending: Array($0.ending.utf8)[...]) == part }
            if let place { members.remove(at: place) }
            guard let newValue else { return }
            members.insert(
                Member(ending: String(part.name.dropFirst()), bytes: newValue), at: place ?? members.endIndex)
        }
    }
}
