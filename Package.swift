// swift-tools-version: 6.2
import PackageDescription

/// Every target builds in Swift 6 mode with warnings as errors; `Scripts/test` adds
/// `--explicit-target-dependency-import-check error`, which turns the layers below into a build failure when one is crossed.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: [arguments] + dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, resources: [.copy("Golden")], swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let base: [Target] = [
    system("COpenSSL", pkgConfig: "openssl", package: "libssl-dev"),
    system("CZstd", pkgConfig: "libzstd", package: "libzstd-dev"),
    system("COpenBLAS", pkgConfig: "openblas", package: "libopenblas-dev"),
    system("CZlib", pkgConfig: "zlib", package: "zlib1g-dev"),
    system("CWebP", pkgConfig: "libwebp", package: "libwebp-dev"),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
    .target(name: "CPNG", linkerSettings: [.linkedLibrary("png16")]),
    .target(
        name: "CSentencePiece",
        linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
    .target(name: "CVectorLoops"),
    .target(name: "CImageLoops"),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "CChecksum"),
    library("MawsBase", ["CChecksum"]),
    library("MawsHash", ["COpenSSL"]),
]

let world: [Target] = [
    library("MawsTransport", ["MawsBase", "MawsWire", "COpenSSL"]),
    library("MawsFiles", ["MawsHash"]),
    library("MawsState", ["MawsBase", "MawsHash", "MawsFiles"]),
    library("MawsCheckpoint", ["MawsBase", "MawsHash", "MawsFiles"]),
    library("MawsDatabase", ["MawsBase", "MawsFiles", grdb]),
    library("MawsProcess", ["MawsBase", "MawsHash", arguments, logging]),
]

let messages: [Target] = [
    library("MawsCompression", ["MawsBase", "CZstd"]),
    library("MawsWire", ["MawsBase"]),
    library("MawsProtocol", ["MawsBase", "MawsHash", "MawsWire"]),
]

let domain: [Target] = [
    library("MawsTensor", ["MawsBase"]),
    library("MawsSum", ["MawsTensor"]),
    library("MawsKernels", ["MawsBase", "MawsTensor", "COpenBLAS", "CVectorLoops", "COneDNN"]),
    library("MawsPlan", ["MawsBase", yams]),
    library("MawsModel", ["MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan"]),
    library("MawsOptimizer", ["MawsBase", "MawsTensor", "MawsPlan", "CVectorLoops"]),
    library("MawsDataFiles", ["MawsBase", "MawsHash", "MawsFiles", "MawsPlan"]),
    library("MawsImages", ["MawsBase", "MawsPlan", "MawsDataFiles", "CZlib", "CWebP", "CJPEG", "CPNG", "CImageLoops"]),
    library(
        "MawsData",
        [
            "MawsBase", "MawsHash", "MawsFiles", "MawsTensor", "MawsPlan", "MawsDataFiles", "MawsImages", "CCurl",
            "CSentencePiece",
        ]),
    library(
        "MawsDataTools",
        [
            "MawsBase", "MawsHash", "MawsFiles", "MawsPlan", "MawsDataFiles", "MawsImages", "MawsData", "CZlib",
            "CSentencePiece",
        ]),
    library("MawsTraining", ["MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsModel", "MawsData"]),
]

let reports: [Target] = [
    library(
        "MawsRecords",
        [
            "MawsBase", "MawsHash", "MawsFiles", "MawsCheckpoint", "MawsProtocol", "MawsPlan", "MawsData",
            "MawsTraining",
        ]),
    library(
        "MawsReport",
        [
            "MawsBase", "MawsFiles", "MawsCheckpoint", "MawsWire", "MawsProtocol", "MawsTensor", "MawsKernels",
            "MawsPlan", "MawsModel", "MawsImages", "MawsData", "MawsDataTools", "MawsTraining", "MawsRecords",
        ]),
    library(
        "MawsForecast",
        [
            "MawsBase", "MawsTransport", "MawsState", "MawsDatabase", "MawsWire", "MawsProtocol", "MawsTensor",
            "MawsKernels", "MawsPlan", "MawsOptimizer", "MawsData", "MawsTraining",
        ]),
]

let nodes: [Target] = [
    library(
        "MawsCoordinator",
        [
            "MawsBase", "MawsHash", "MawsTransport", "MawsFiles", "MawsCheckpoint", "MawsDatabase", "MawsProcess",
            "MawsWire", "MawsProtocol", "MawsTensor", "MawsKernels", "MawsPlan", "MawsModel", "MawsOptimizer",
            "MawsDataFiles", "MawsData", "MawsTraining", "MawsRecords", "MawsReport", "MawsForecast", logging,
        ]),
    library(
        "MawsServer",
        [
            "MawsBase", "MawsHash", "MawsTransport", "MawsFiles", "MawsState", "MawsCompression", "MawsWire",
            "MawsProtocol", "MawsTensor", "MawsSum", "MawsOptimizer", logging,
        ]),
    library(
        "MawsTrainer",
        [
            "MawsBase", "MawsHash", "MawsTransport", "MawsFiles", "MawsCompression", "MawsWire", "MawsProtocol",
            "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsModel", "MawsDataFiles", "MawsData",
            "MawsTraining", logging,
        ]),
    library("MawsRig", ["MawsBase", "MawsTransport", "MawsWire", "MawsProtocol"]),
    .target(name: "CRigShim"),
    library("MawsLive", ["MawsBase", "MawsHash", "MawsRecords", "MawsReport", yams]),
    library("MawsTestSupport", ["MawsBase", "MawsTensor", "MawsKernels"]),
]

let programs: [Target] = [
    program(
        "maws",
        [
            "MawsBase", "MawsFiles", "MawsProcess", "MawsTensor", "MawsKernels", "MawsPlan", "MawsDataFiles",
            "MawsData", "MawsDataTools", "MawsCheckpoint", "MawsTraining", "MawsRecords", "MawsReport", "MawsForecast",
        ]),
    program(
        "maws-coord",
        [
            "MawsBase", "MawsTransport", "MawsProcess", "MawsWire", "MawsPlan", "MawsRecords", "MawsReport",
            "MawsCoordinator",
        ]),
    program("maws-ps", ["MawsBase", "MawsProcess", "MawsServer"]),
    program(
        "maws-bench",
        [
            "MawsBase", "MawsProcess", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsModel", "MawsOptimizer",
            "MawsImages", "MawsData", "MawsTraining",
        ]),
    program("maws-trainer", ["MawsBase", "MawsProcess", "MawsKernels", "MawsTrainer"]),
    program("maws-rig", ["MawsBase", "MawsFiles", "MawsProcess", "MawsRig", "MawsLive"]),
]

/// Built by `Scripts/fuzz` alone: without libFuzzer it has no main function.
let fuzzers: [Target] =
    Context.environment["MAWS_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "maws-fuzz", dependencies: ["MawsData"], exclude: ["Seeds"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
    ]

let testTargets: [Target] = [
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .target(
        name: "MawsDataTestSupport", dependencies: ["MawsPlan", "MawsImages", "MawsData"],
        path: "Tests/MawsDataTestSupport", resources: [.copy("Golden")], swiftSettings: settings),
    tests("MawsBaseTests", ["MawsBase", "CChecksum"]),
    tests("MawsKernelsTests", ["MawsBase", "MawsTensor", "MawsKernels", "MawsTestSupport", "CVectorLoops"]),
    tests(
        "MawsSumTests",
        [
            "MawsBase", "MawsProtocol", "MawsTensor", "MawsSum", "MawsKernels", "MawsModel", "MawsTraining",
        ]),
    tests(
        "MawsTrainingTests",
        [
            "MawsBase", "MawsTensor", "MawsSum", "MawsKernels", "MawsPlan", "MawsModel", "MawsDataFiles", "MawsData",
            "MawsDataTools", "MawsTraining", "MawsTestSupport", "CAllocationCounter",
        ]),
    tests(
        "MawsOptimizerTests",
        [
            "MawsBase", "MawsTensor", "MawsPlan", "MawsOptimizer", "MawsTestSupport", "CVectorLoops",
        ]),
    tests(
        "MawsImagesTests",
        ["MawsBase", "MawsTensor", "MawsPlan", "MawsDataFiles", "MawsImages", "MawsDataTestSupport"]),
    tests(
        "MawsDataTests",
        [
            "MawsBase", "MawsTensor", "MawsPlan", "MawsDataFiles", "MawsImages", "MawsData", "MawsDataTools",
            "MawsTestSupport", "MawsDataTestSupport",
        ]),
    tests(
        "MawsDataToolsTests",
        ["MawsPlan", "MawsDataFiles", "MawsImages", "MawsData", "MawsDataTools", "MawsDataTestSupport"]),
    tests("MawsPlanTests", ["MawsBase", "MawsPlan"]),
    tests("MawsWireTests", ["MawsBase", "MawsCompression", "MawsWire"]),
    tests("MawsTransportTests", ["MawsBase", "MawsTransport", "MawsWire", "COpenSSL"]),
    tests("MawsStorageTests", ["MawsBase", "MawsHash", "MawsFiles", "MawsState", "MawsCheckpoint", "MawsDatabase"]),
    tests("MawsProtocolTests", ["MawsBase", "MawsWire", "MawsProtocol"]),
    tests(
        "MawsServerTests",
        [
            "MawsBase", "MawsTransport", "MawsState", "MawsCompression", "MawsWire", "MawsProtocol", "MawsOptimizer",
            "MawsServer", "CAllocationCounter", logging,
        ]),
    tests(
        "MawsTrainerTests",
        [
            "MawsBase", "MawsTransport", "MawsCompression", "MawsWire", "MawsProtocol", "MawsTensor", "MawsSum",
            "MawsKernels", "MawsPlan", "MawsModel", "MawsImages", "MawsData", "MawsDataTools", "MawsTraining",
            "MawsTrainer", logging,
        ]),
    tests(
        "MawsCoordinatorTests",
        [
            "MawsBase", "MawsHash", "MawsTransport", "MawsFiles", "MawsCheckpoint", "MawsDatabase", "MawsProcess",
            "MawsWire", "MawsProtocol", "MawsTensor", "MawsKernels", "MawsPlan", "MawsModel", "MawsOptimizer",
            "MawsDataFiles", "MawsImages", "MawsData", "MawsTraining", "MawsRecords", "MawsReport", "MawsCoordinator",
            logging,
        ]),
    tests(
        "MawsReportTests",
        [
            "MawsBase", "MawsHash", "MawsCheckpoint", "MawsProtocol", "MawsTensor", "MawsPlan", "MawsModel",
            "MawsImages", "MawsData", "MawsDataTools", "MawsTraining", "MawsRecords", "MawsReport", "MawsForecast",
        ]),
    tests("MawsLiveTests", ["MawsLive"]),
    tests("MawsRigTests", ["MawsBase", "MawsWire", "MawsProtocol", "MawsRig"]),
    tests(
        "ClusterTests",
        [
            "MawsBase", "MawsTransport", "MawsState", "MawsCheckpoint", "MawsDatabase", "MawsWire", "MawsKernels",
            "MawsPlan", "MawsImages", "MawsData", "MawsTraining", "MawsRecords", "MawsTestSupport",
        ]),
    tests("TidyTests", []),
]

let package = Package(
    name: "maws",
    products: [.library(name: "MawsRigShim", type: .dynamic, targets: ["CRigShim"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: base + messages + world + domain + reports + nodes + programs + fuzzers + testTargets,
    cxxLanguageStandard: .cxx17
)
