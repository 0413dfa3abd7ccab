import MawsBase

/// How Fashion-MNIST's clean classes become the noisy captions and hashtags of social posts.
///
/// Every image draws from its own counter-based streams, keyed by (seed, split, image), so the labels of an image do
/// not depend on any other image:
///
/// 1. With probability 1/4 the image is tagged as one of the nine other classes, each as likely; otherwise as its own.
///    The class drawn here, right or wrong, is the one that tags and caption speak of.
/// 2. It gets 1 to 4 hashtags, each number as likely. The first is one of the three hashtags of the class drawn. Each
///    further one is, by a fair coin, another hashtag of that class or one of five generic hashtags (`#ootd`, `#style`,
///    …), none twice. Then the hashtags are shuffled, so that their order says nothing.
/// 3. The caption is an opening with one of the three names of the class drawn ("in love with my jumper"), an ending
///    that may be empty ("for the weekend"), and the hashtags.
///
/// The `.cls` member keeps the clean class; only evaluation reads it.
package struct FashionRule: Sendable {
    /// One of the two splits; raw values are part of the rule.
    package enum Split: UInt32, Sendable, CaseIterable {
        case train = 0
        case test = 1
    }

    package struct Labels: Hashable, Sendable {
        package var caption: String
        package var hashtags: [String]
        /// The class that tags and caption speak of, wrong for a quarter of the images.
        package var taggedClass: Int
    }

    /// Grows whenever the labels of a seed change.
    static let version = 1
    package static let wrongClassShare: Float = 0.25
    package static let hashtagCounts = 1...4
    /// Names a person would use, the first one the class's own; their hashtags are the same without blanks and hyphens.
    package static let classNames: [[String]] = [
        ["t-shirt", "tee", "top"],
        ["trousers", "pants", "slacks"],
        ["pullover", "sweater", "jumper"],
        ["dress", "gown", "frock"],
        ["coat", "jacket", "overcoat"],
        ["sandals", "flip-flops", "slides"],
        ["shirt", "blouse", "button-up"],
        ["sneakers", "trainers", "running shoes"],
        ["bag", "handbag", "purse"],
        ["ankle boots", "boots", "booties"],
    ]
    package static let genericHashtags = ["ootd", "style", "fashion", "outfit", "instagood"]
    static let openings = [
        "in love with my {}", "just got my {}", "wearing my new {}", "my favourite {}", "finally found my {}",
        "my {} and me", "look at my {}", "my new {}", "can't stop wearing my {}", "a photo of my {}",
        "taking my {} out", "found my {} on sale",
    ]
    static let endings = [
        "", "", "", " today", " for the weekend", " on the way to work", " this summer", " after all these years",
        " again", " and it fits",
    ]
    /// Prompts for zero-shot classification, in the captions' manner.
    package static let templates = [
        "a photo of my {}", "my new {}", "my favourite {} today", "in love with my {}", "wearing my new {}",
        "just got my {}", "look at my {}",
    ]

    private let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    /// Hashtags of one class.
    package static func hashtags(ofClass index: Int) -> [String] {
        classNames[index].map { $0.filter { $0 != " " && $0 != "-" } }
    }

    /// The weak labels of one image.
    package func labels(split: Split, image: Int, cleanClass: Int) -> Labels {
        var random = CounterRandom(
            seed: seed, purpose: .weakLabels, stage: split.rawValue, element: UInt64(image))
        let tagged = taggedClass(cleanClass, &random)
        let hashtags = hashtags(tagged, &random)
        let caption = caption(split: split, image: image, taggedClass: tagged, hashtags: hashtags)
        return Labels(caption: caption, hashtags: hashtags, taggedClass: tagged)
    }

    private func taggedClass(_ clean: Int, _ random: inout CounterRandom) -> Int {
        let count = Self.classNames.count
        guard random.uniform() < Self.wrongClassShare else { return clean }
        return (clean + 1 + random.below(count - 1)) % count
    }

    private func hashtags(_ taggedClass: Int, _ random: inout CounterRandom) -> [String] {
        let wanted = Self.hashtagCounts.lowerBound + random.below(Self.hashtagCounts.count)
        var own = Self.hashtags(ofClass: taggedClass)
        var generic = Self.genericHashtags
        var tags = [own.remove(at: random.below(own.count))]
        while tags.count < wanted {
            let isOwn = random.uniform() < 0.5
            if isOwn && !own.isEmpty {
                tags.append(own.remove(at: random.below(own.count)))
            } else {
                tags.append(generic.remove(at: random.below(generic.count)))
            }
        }
        return random.permutation(tags.count).map { tags[$0] }
    }

    private func caption(split: Split, image: Int, taggedClass: Int, hashtags: [String]) -> String {
        var random = CounterRandom(seed: seed, purpose: .caption, stage: split.rawValue, element: UInt64(image))
        let names = Self.classNames[taggedClass]
        let name = names[random.below(names.count)]
        let parts = Self.openings[random.below(Self.openings.count)].split(
            separator: "{}", maxSplits: 1, omittingEmptySubsequences: false)
        let ending = Self.endings[random.below(Self.endings.count)]
        return parts.joined(separator: name) + ending + hashtags.map { " #" + $0 }.joined()
    }
}
