using static TorchSharp.torch;
Console.WriteLine(randn(3, 3).sum().item<float>());
