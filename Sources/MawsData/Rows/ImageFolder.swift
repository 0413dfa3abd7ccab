import MawsDataFiles
import MawsFiles

/// The images below a folder, and what lies beside them. Links are followed, as torchvision's `ImageFolder` does;
/// hidden files and folders, and what macOS leaves behind, are skipped.
struct ImageFolder {
    /// Relative to the folder, in the order of their bytes.
    private(set) var images: [ByteName] = []
    /// What cannot be followed or read, and why.
    private(set) var problems: [(path: ByteName, text: String)] = []
    /// What is no image.
    private(set) var account = SampleAccount()
    private var sidecars: [ByteName: Sidecars] = [:]
    /// First folders on the way to an image, and those that lead to none.
    private var topFolders: [ByteName] = []
    private let root: ByteName

    /// Endings, in whatever case, of the files beside an image that have its name.
    private struct Sidecars {
        var caption: ArraySlice<UInt8>?
        var hashtags: ArraySlice<UInt8>?
    }

    init(_ path: ByteName) throws(DataError) {
        root = path
        try visit(nil, above: [])
        images.sort()
        let stems = Set(images.map(\.stem))
        for (stem, found) in sidecars.sorted(by: { $0.key < $1.key }) where !stems.contains(stem) {
            for ending in [found.caption, found.hashtags].compactMap({ $0 }) { ignoreSidecar(stem, ending) }
        }
    }

    /// Nil where there is no such file.
    func sidecar(of image: ByteName, _ part: SamplePart) -> ByteName? {
        let found = sidecars[image.stem]
        let ending = part == .caption ? found?.caption : found?.hashtags
        return ending.map { image.stem.with(ending: $0) }
    }

    /// Counts the folders directly below this one that lead to no image: classes without samples.
    mutating func countEmptyClasses() {
        let used = Set(images.map { ByteName($0.components[0]) })
        for folder in topFolders where !used.contains(folder) {
            account.add(.ignored, "folders of a class without an image", example: "\(folder)")
        }
    }

    /// - Parameters:
    ///   - folder: relative to the root; nil for the root.
    ///   - above: the folders that lead here.
    private mutating func visit(_ folder: ByteName?, above: [FileIdentity]) throws(DataError) {
        let path = folder.map { root / $0 } ?? root
        let listing = try FolderListing(path)
        guard !above.contains(listing.identity) else {
            throw .file(path: "\(path)", problem: "leads back to a folder that it lies in; remove that link")
        }
        for entry in listing.entries {
            let name = folder.map { $0 / entry.name } ?? entry.name
            if Self.isHidden(entry.name) {
                account.add(.ignored, SampleAccount.hidden, example: "\(name)")
                continue
            }
            switch entry.kind {
            case .folder:
                if folder == nil { topFolders.append(name) }
                try visit(name, above: above + [listing.identity])
            case .file: add(name)
            case .brokenLink: problems.append((name, "is a link to what is not there"))
            case .other: addOther(name)
            }
        }
    }

    private mutating func add(_ name: ByteName) {
        guard let ending = name.ending else {
            return account.add(.ignored, "without an ending", example: "\(name)")
        }
        switch SamplePart(ending: ending) {
        case .image: images.append(name)
        case .caption: setSidecar(name.stem, ending, \.caption)
        case .hashtags: setSidecar(name.stem, ending, \.hashtags)
        case .classIndex, nil: account.add(.ignored, SampleAccount.ending(ending), example: "\(name)")
        }
    }

    /// A pipe or device that is called like an image would be read for ever.
    private mutating func addOther(_ name: ByteName) {
        if name.ending.flatMap({ SamplePart(ending: $0) }) != nil {
            problems.append((name, "is a pipe, a socket or a device and no file"))
        } else {
            account.add(.ignored, "pipes, sockets and devices", example: "\(name)")
        }
    }

    /// Where `a.txt` and `a.TXT` are both there the one in small letters is taken, which comes last.
    private mutating func setSidecar(
        _ stem: ByteName, _ ending: ArraySlice<UInt8>, _ part: WritableKeyPath<Sidecars, ArraySlice<UInt8>?>
    ) {
        if let other = sidecars[stem, default: Sidecars()][keyPath: part] { ignoreSidecar(stem, other) }
        sidecars[stem, default: Sidecars()][keyPath: part] = ending
    }

    private mutating func ignoreSidecar(_ stem: ByteName, _ ending: ArraySlice<UInt8>) {
        account.add(.ignored, "captions and hashtags without an image", example: "\(stem.with(ending: ending))")
    }

    private static func isHidden(_ name: ByteName) -> Bool {
        name.bytes.first == UInt8(ascii: ".") || MemberName.isClutter(name.bytes[...])
    }
}

extension ByteName {
    fileprivate func with(ending: ArraySlice<UInt8>) -> ByteName { ByteName(bytes + [UInt8(ascii: ".")] + ending) }
}
