using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Datasets.Tests;

public class RunSpecReaderTests
{
    private const string Sample = """
        { "name": "FedLoGe on Digits", "seed": 1, "dataset": "digits", "longTail": { "imbalanceFactor": 20 },
          "partition": { "kind": "dirichlet", "alpha": 0.5, "clients": 10 }, "model": "resnet8",
          "algorithm": { "name": "fedloge", "localEpochs": 2, "batchSize": 16, "learningRate": 0.03, "momentum": 0.5 },
          "participation": 0.5, "rounds": 30, "evaluateEvery": 1, "device": "cpu" }
        """;

    private static RunSpec SampleSpec { get; } = new()
    {
        Name = "FedLoGe on Digits",
        Seed = 1,
        Dataset = "digits",
        LongTail = new() { ImbalanceFactor = 20 },
        Partition = new() { Kind = "dirichlet", Alpha = 0.5, Clients = 10 },
        Model = "resnet8",
        Algorithm = new() { Name = "fedloge", LocalEpochs = 2, BatchSize = 16, LearningRate = 0.03, Momentum = 0.5 },
        Participation = 0.5,
        Rounds = 30,
        EvaluateEvery = 1,
        Device = "cpu",
    };

    [Fact]
    public void The_sample_spec_is_accepted_as_it_stands()
    {
        SpecReading reading = RunSpecReader.Read(Sample);
        Assert.Empty(reading.Problems);
        Assert.Equal(SampleSpec, reading.Spec);
        Assert.Empty(RunSpecValidator.Validate(reading.Spec!, new DatasetCatalogue([], []), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Yaml_says_the_same_as_json()
    {
        SpecReading reading = RunSpecReader.Read("""
            # what the form writes
            name: FedLoGe on Digits
            seed: 1
            dataset: digits
            longTail: { imbalanceFactor: 20 }
            partition:
              kind: dirichlet
              alpha: .5
              clients: 10
            model: 'resnet8'
            algorithm:
              name: "fedloge"
              localEpochs: 2
              batchSize: 0x10
              learningRate: 3e-2
              momentum: 0.5
            participation: 0.5
            rounds: 30
            evaluateEvery: 1
            device: cpu
            """);
        Assert.Empty(reading.Problems);
        Assert.Equal(SampleSpec, reading.Spec);
    }

    [Fact]
    public void Json_may_have_comments_and_trailing_commas()
    {
        SpecReading reading = RunSpecReader.Read("""
            // a comment first
            { "dataset": "digits", /* and in between */ "rounds": 5, }
            """);
        Assert.Empty(reading.Problems);
        Assert.Equal(new RunSpec { Dataset = "digits", Rounds = 5 }, reading.Spec);
    }

    [Fact]
    public void A_byte_order_mark_is_no_problem()
    {
        Assert.Empty(RunSpecReader.Read("\uFEFF{ \"dataset\": \"digits\" }").Problems);
        Assert.Empty(RunSpecReader.Read("\uFEFFdataset: digits").Problems);
    }

    public static TheoryData<RunSpec> Specs => [
        new RunSpec(),
        SampleSpec,
        new RunSpec
        {
            Name = "α = 0.1: \"quoted\" \\ #no comment",
            Notes = "# Title\n\n- one\r\n\ttwo 😀 \u2028 \u0007 \uFEFF end ",
            Seed = long.MinValue,
            Dataset = "null",
            Model = "yes",
            Device = "cuda:0",
            LongTail = new() { ImbalanceFactor = 1e300, Seed = long.MaxValue },
            Partition = new() { Alpha = 1e-5, Kind = "1.5", Clients = int.MaxValue },
            Algorithm = new() { Name = "", LearningRate = 0.1 + 0.2, WeightDecay = 5e-324, ReferenceBias = true, ClassifierSeed = -1 },
            Augmentation = new() { CropPadding = 4, HorizontalFlip = false },
            Workers = 2,
        },
    ];

    [Theory]
    [MemberData(nameof(Specs))]
    public void What_is_written_reads_back_equal(RunSpec spec)
    {
        Assert.Equal(spec, RunSpecReader.Read(RunSpecReader.ToJson(spec)).Spec);
        Assert.Equal(spec, RunSpecReader.Read(RunSpecReader.ToYaml(spec)).Spec);
    }

    [Fact]
    public void Yaml_is_written_in_words_a_person_would_write()
    {
        string[] lines = RunSpecReader.ToYaml(SampleSpec).Split('\n');
        Assert.Equal(["name: \"FedLoGe on Digits\"", "notes: null", "seed: 1", "dataset: digits", "longTail:", "  imbalanceFactor: 20"], lines[..6]);
    }

    [Theory]
    [InlineData("""{ "longtail": {} }""")]
    [InlineData("""{ "ROUNDS": 3 }""")]
    public void Letter_case_of_a_field_does_not_matter(string text) => Assert.Empty(RunSpecReader.Read(text).Problems);

    [Theory]
    [InlineData("""{ "round": 3 }""", "round", "There is no field round. Did you mean rounds?")]
    [InlineData("round: 3", "round", "There is no field round. Did you mean rounds?")]
    [InlineData("""{ "alpha": 1 }""", "alpha", "There is no field alpha. Did you mean partition.alpha?")]
    [InlineData("""{ "partition": { "client": 1 } }""", "partition.client", "There is no field partition.client. Did you mean partition.clients?")]
    [InlineData("""{ "algorithm": { "learningrat": 1 } }""", "algorithm.learningrat", "There is no field algorithm.learningrat. Did you mean algorithm.learningRate?")]
    [InlineData("""{ "longTail": { "zzzzzzzz": 1 } }""", "longTail.zzzzzzzz", "There is no field longTail.zzzzzzzz; there are longTail.imbalanceFactor, longTail.seed.")]
    [InlineData("""{ "rounds": 3, "rounds": 3 }""", "rounds", "rounds is given more than once.")]
    [InlineData("rounds: 3\nrounds: 4", "rounds", "more than once")]
    [InlineData("""{ "rounds": "3" }""", "rounds", "rounds must be a whole number, got the text \"3\" in quotes.")]
    [InlineData("rounds: '3'", "rounds", "rounds must be a whole number, got the text \"3\" in quotes.")]
    [InlineData("""{ "rounds": 3.5 }""", "rounds", "rounds must be a whole number, got 3.5.")]
    [InlineData("""{ "rounds": 3000000000 }""", "rounds", "rounds must be between -2147483648 and 2147483647, got 3000000000.")]
    [InlineData("""{ "seed": 9223372036854775808 }""", "seed", "must be between -9223372036854775808 and 9223372036854775807")]
    [InlineData("""{ "rounds": null }""", "rounds", "rounds must be a whole number, got null.")]
    [InlineData("""{ "rounds": [3] }""", "rounds", "rounds must be a whole number, got a list.")]
    [InlineData("""{ "name": 5 }""", "name", "name must be text, got 5; write it in quotes: \"5\".")]
    [InlineData("name: true", "name", "name must be text, got true; write it in quotes: \"true\".")]
    [InlineData("""{ "name": null }""", "name", "name must be text, got null.")]
    [InlineData("""{ "partition": 5 }""", "partition", "partition must be an object, got 5.")]
    [InlineData("partition:", "partition", "partition must be an object, got null; leave it out to use its defaults.")]
    [InlineData("""{ "partition": { "alpha": "x" } }""", "partition.alpha", "partition.alpha must be a number, got the text \"x\" in quotes.")]
    [InlineData("""{ "algorithm": { "referenceBias": 1 } }""", "algorithm.referenceBias", "algorithm.referenceBias must be true or false, got 1.")]
    [InlineData("algorithm: { referenceBias: yes }", "algorithm.referenceBias", "must be true or false, got the text \"yes\"")]
    [InlineData("[1]", "", "A spec is an object")]
    [InlineData("just words", "", "A spec is an object")]
    [InlineData("", "", "The spec is empty.")]
    [InlineData(" \n", "", "The spec is empty.")]
    [InlineData("# only a comment", "", "A spec is an object")]
    [InlineData("""{ "rounds": }""", "", "This is not JSON at line 1, column 13")]
    [InlineData("""{ "rounds": 3 } x""", "", "This is not JSON")]
    [InlineData("""{ "rounds": 3""", "", "This is not JSON")]
    [InlineData("""{ "name": "\ud800" }""", "", "no Unicode")]
    [InlineData("a: b: c", "", "This is not YAML at line 1")]
    [InlineData("rounds: 3\n\tseed: 1", "", "This is not YAML")]
    [InlineData("rounds: 1\n---\nrounds: 2", "", "more than one document")]
    [InlineData("rounds: &a 1\nseed: *a", "", "uses an alias")]
    [InlineData("rounds: !!int 1", "", "type tag")]
    [InlineData("? [a]\n: 1", "", "should be the name of a field")]
    public void A_problem_names_its_field_and_what_is_wrong(string text, string field, string message)
    {
        SpecReading reading = RunSpecReader.Read(text);
        Assert.Null(reading.Spec);
        SpecProblem problem = Assert.Single(reading.Problems);
        Assert.Equal(field, problem.Field);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_come_at_once()
    {
        SpecReading reading = RunSpecReader.Read("""{ "round": 1, "seed": "x", "partition": { "alpha": true, "clients": 1.5 }, "model": 3 }""");
        Assert.Equal(["round", "seed", "partition.alpha", "partition.clients", "model"], reading.Problems.Select(p => p.Field));
    }

    [Fact]
    public void Problems_of_spelling_and_of_bounds_come_together()
    {
        SpecReading reading = RunSpecValidator.Check(
            """{ "dataset": "digits", "round": 1, "partition": { "alpha": "x", "clients": 0 }, "participation": 2 }""",
            new DatasetCatalogue([], []),
            TestContext.Current.CancellationToken);
        Assert.Null(reading.Spec);
        Assert.Equal(["round", "partition.alpha", "partition.clients", "participation"], reading.Problems.Select(p => p.Field));
        Assert.Equal(SampleSpec, RunSpecValidator.Check(Sample, new DatasetCatalogue([], []), TestContext.Current.CancellationToken).Spec);
    }

    [Fact]
    public void Not_a_number_is_readable_in_yaml_and_left_to_the_validator()
    {
        RunSpec spec = RunSpecReader.Read("partition: { alpha: .nan }\nparticipation: -.inf").Spec!;
        Assert.True(double.IsNaN(spec.Partition.Alpha));
        Assert.True(double.IsNegativeInfinity(spec.Participation));
    }

    [Fact]
    public void Yaml_words_that_older_versions_took_for_numbers_or_bools_are_text()
    {
        RunSpec spec = RunSpecReader.Read("name: 12:30\nnotes: no\nmodel: 1_000\ndevice: on").Spec!;
        Assert.Equal(("12:30", "no", "1_000", "on"), (spec.Name, spec.Notes, spec.Model, spec.Device));
        Assert.Null(RunSpecReader.Read("notes: ~").Spec!.Notes);
        Assert.Equal(8, RunSpecReader.Read("rounds: 0o10").Spec!.Rounds);
        Assert.Equal(10, RunSpecReader.Read("rounds: 010").Spec!.Rounds);
    }

    [Fact]
    public void Whole_numbers_may_be_written_as_reals_and_big_ones_stay_exact()
    {
        Assert.Equal(30, RunSpecReader.Read("""{ "rounds": 30.0 }""").Spec!.Rounds);
        Assert.Equal(300, RunSpecReader.Read("""{ "rounds": 3e2 }""").Spec!.Rounds);
        Assert.Equal(9007199254740993, RunSpecReader.Read("""{ "seed": 9007199254740993 }""").Spec!.Seed);
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    [InlineData("a: [", "]")]
    public void Deep_nesting_is_refused_without_harm(string open, string close)
    {
        string text = open.StartsWith('a')
            ? "a: " + new string('[', 20_000) + new string(']', 20_000)
            : string.Concat(Enumerable.Repeat(open, 20_000)) + "1" + string.Concat(Enumerable.Repeat(close, 20_000));
        SpecProblem problem = Assert.Single(RunSpecReader.Read(text).Problems);
        Assert.Contains(text[0] == 'a' ? "nested more than 16 levels" : "depth", problem.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_text_of_a_megabyte_is_refused_unread() =>
        Assert.Contains("at most 262144 characters", Assert.Single(RunSpecReader.Read("name: " + new string('x', 1 << 20)).Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void A_thousand_problems_are_cut_short()
    {
        string text = "{" + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"\"zz{i}\": 1,")) + "}";
        IReadOnlyList<SpecProblem> problems = RunSpecReader.Read(text).Problems;
        Assert.Equal(51, problems.Count);
        Assert.Equal("And 950 more problems.", problems[^1].Message);
    }

    [Fact]
    public void Any_text_gives_a_spec_or_problems_never_an_exception()
    {
        CounterRandom random = CounterRandom.For(1, "fuzz");
        const string alphabet = "{}[]:,-?&*!|>'\"%@`# \n\t0a\\\uD800\u0000~";
        string[] sources = [Sample, RunSpecReader.ToYaml(SampleSpec)];
        for (int i = 0; i < 4_000; i++)
        {
            char[] text = sources[i % 2].ToCharArray();
            for (int change = random.NextInt(4); change >= 0; change--)
            {
                text[random.NextInt(text.Length)] = alphabet[random.NextInt(alphabet.Length)];
            }

            SpecReading reading = RunSpecReader.Read(new string(text));
            Assert.Equal(reading.Spec is null, reading.Problems.Count > 0);
        }
    }
}
