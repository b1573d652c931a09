using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Batches;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Torch;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FedPlatform.Learning.Tests;

/// <summary>With one client that always takes part, the round loop must be plain training: written here a second time, with torch's own modules.</summary>
public sealed class CentralisedTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void One_client_with_full_participation_is_centralised_training()
    {
        TorchRuntime.Start();
        RunSpec spec = Samples.FedAvg with
        {
            Partition = new PartitionSpec { Clients = 1, Kind = "iid" },
            Participation = 1,
            Rounds = 2,
            Algorithm = Samples.FedAvg.Algorithm with { LocalEpochs = 2, BatchSize = 256, LearningRate = 0.02, Momentum = 0.9, WeightDecay = 1e-2 },
        };
        RecordingObserver run = Samples.Run(spec, folder.Path).Observer;

        LoadedDataset data = Samples.Digits;
        int[] samples = Assert.Single(FederatedPlan.Create(spec, data).ClientTrain);
        float[] table = BatchAssembler.Table(data.Info);
        using var model = new PlainResNet8();
        model.Load(Initial(spec));
        double loss = 0;
        for (int round = 1; round <= 2; round++)
        {
            loss = 0;
            optim.Optimizer optimiser = optim.SGD(model.parameters(), 0.02, 0.9, weight_decay: 1e-2);
            for (int epoch = 0; epoch < 2; epoch++)
            {
                int[] order = [.. samples];
                CounterRandom.For(spec.Seed, "batches", round, 0, epoch).Shuffle(order);
                foreach (int[] batch in order.Chunk(256))
                {
                    using DisposeScope scope = NewDisposeScope();
                    Tensor x = tensor(batch.SelectMany(i => data.Train.Image(i).ToArray()).Select(p => table[p]).ToArray(), [batch.Length, 1, 8, 8]);
                    Tensor y = tensor(batch.Select(i => (long)data.Train.Labels[i]).ToArray());
                    Tensor step = F.cross_entropy(model.forward(x), y);
                    optimiser.zero_grad();
                    step.backward();
                    optimiser.step();
                    loss += step.item<float>() * batch.Length;
                }
            }
        }

        Assert.Equal(loss / samples.Length / 2, run.Rounds[1].Loss!.Value, 1e-3);
        IReadOnlyDictionary<string, NamedTensor> final = Safetensors.Read(Path.Combine(folder.Path, CheckpointStore.FileName(2))).Tensors;
        foreach ((string name, Tensor expected) in model.Named())
        {
            float[] values = expected.detach().contiguous().data<float>().ToArray(), actual = final[name].Floats();
            Assert.Equal(values.Length, actual.Length);
            // Batch statistics are summed in another order here (channels first): float noise that ReLU and BatchNorm amplify step by step.
            float scale = Math.Max(values.Max(Math.Abs), 0.05f), difference = values.Zip(actual).Max(p => Math.Abs(p.First - p.Second));
            Assert.True(difference <= 5e-3f * scale, $"{name} differs by {difference} of {scale}");
        }

        Assert.Equal(final.Count, model.Named().Count());
    }

    // The state before round 1: a run of no steps at learning rate zero would move BatchNorm, so it is asked of the layout.
    private static Dictionary<string, float[]> Initial(RunSpec spec)
    {
        var layout = new Training.StateLayout(Models.BackboneFactory.Create("resnet8", Samples.Digits.Info.Shape), [new Algorithms.HeadSpec("classifier", Algorithms.HeadRole.Shared, true)], 10);
        float[] state = layout.InitialUpload(spec.Seed);
        var named = new Dictionary<string, float[]>();
        for (int i = 0; i < layout.ParameterOffsets.Count; i++) named["backbone." + layout.Backbone.Parameters[i].Name] = state[(int)layout.ParameterOffsets[i]..(int)(layout.ParameterOffsets[i] + layout.Backbone.Parameters[i].Length)];
        named["head.classifier"] = state[(int)layout.HeadsStart..];
        return named;
    }

    private sealed class PlainResNet8 : nn.Module<Tensor, Tensor>
    {
        private readonly Dictionary<string, nn.Module> layers = [];
        private readonly TorchSharp.Modules.Parameter head = new(zeros(10, 65));

        public PlainResNet8()
            : base("plain")
        {
            Add("stem", 1, 16, 3, 1);
            int inputs = 16;
            foreach ((int stage, int outputs) in new[] { (1, 16), (2, 32), (3, 64) })
            {
                int stride = stage == 1 ? 1 : 2;
                Add($"stage{stage}.0/1", inputs, outputs, 3, stride);
                Add($"stage{stage}.0/2", outputs, outputs, 3, 1);
                if (stride == 2) Add($"stage{stage}.0.shortcut", inputs, outputs, 1, 2);
                inputs = outputs;
            }

            foreach ((string name, nn.Module layer) in layers) register_module(name.Replace('.', '_'), layer);
            register_parameter("head", head);
        }

        public override Tensor forward(Tensor x)
        {
            Tensor y = F.relu(Layer("stem", x));
            foreach (int stage in new[] { 1, 2, 3 })
            {
                string name = $"stage{stage}.0";
                Tensor shortcut = layers.ContainsKey(name + ".shortcut.conv") ? Layer(name + ".shortcut", y) : y;
                y = F.relu(Layer(name + "/2", F.relu(Layer(name + "/1", y))) + shortcut);
            }

            return F.linear(y.mean([2, 3]), head.narrow(1, 0, 64), head.select(1, 64));
        }

        public void Load(Dictionary<string, float[]> values)
        {
            using IDisposable quiet = no_grad();
            foreach ((string name, Tensor target) in Named())
            {
                if (values.TryGetValue(name, out float[]? data)) target.copy_(tensor(data).view(target.shape));
            }
        }

        public IEnumerable<(string Name, Tensor Tensor)> Named()
        {
            yield return ("head.classifier", head);
            foreach ((string name, nn.Module layer) in layers)
            {
                switch (layer)
                {
                    case TorchSharp.Modules.Conv2d conv:
                        yield return ($"backbone.{name}.weight", conv.weight);
                        break;
                    case TorchSharp.Modules.BatchNorm2d norm:
                        yield return ($"backbone.{name}.weight", norm.weight!);
                        yield return ($"backbone.{name}.bias", norm.bias!);
                        yield return ($"backbone.{name}.running_mean", norm.running_mean!);
                        yield return ($"backbone.{name}.running_var", norm.running_var!);
                        break;
                }
            }
        }

        private Tensor Layer(string name, Tensor x) =>
            ((TorchSharp.Modules.BatchNorm2d)layers[Part(name, "norm")]).forward(((TorchSharp.Modules.Conv2d)layers[Part(name, "conv")]).forward(x));

        private void Add(string name, int inputs, int outputs, int kernel, int stride)
        {
            layers[Part(name, "conv")] = nn.Conv2d(inputs, outputs, kernel, stride: stride, padding: kernel / 2, bias: false);
            layers[Part(name, "norm")] = nn.BatchNorm2d(outputs);
        }

        // "stage1.0/2" → "stage1.0.conv2"; "stem" → "stem.conv".
        private static string Part(string name, string part) => name.Split('/') is [string block, string number] ? $"{block}.{part}{number}" : $"{name}.{part}";
    }
}
